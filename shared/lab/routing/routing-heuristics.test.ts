import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {snapshotOfNodes, type SnapshotNode} from '../../scheduling/swarm-snapshot.ts';
import {EMPTY_OVERLAY, type RouteOverlay} from '../../scheduling/routing/chain.ts';
import {ROUTING_HEURISTICS, type RoutingHeuristicName} from './routing-heuristics.ts';

const model = {layerCount: 4, cutEvery: 1};
const request = {promptTokens: 10, newTokens: 10, whenFull: 'refuse'} as const;

function node(id: string, from: number, to: number, more: Partial<SnapshotNode> = {}) {
  const rtts = ['a', 'b', 'c', 'd', 'e', 'f']
    .filter((other) => other !== id)
    .map((other) => ({peerId: asPeerId(other), rttMs: 2}));
  return snapshotNode(id, {shards: [shard(from, to, 4)], rtts, ...more});
}

type Asked = {
  readonly nodes: readonly SnapshotNode[];
  readonly overlay?: RouteOverlay;
  readonly seed?: number;
};

function route(name: RoutingHeuristicName, {nodes, overlay = EMPTY_OVERLAY, seed = 0}: Asked) {
  const snapshot = snapshotOfNodes(nodes, 0);
  return ROUTING_HEURISTICS[name]({snapshot, model, request, overlay, seed});
}

function hopsOf(name: RoutingHeuristicName, asked: Asked): string {
  const result = route(name, asked);
  return result.kind === 'chain' ? result.hops.map(({nodeId}) => nodeId).join('') : 'gap';
}

const slow = {decodeMsPerLayer: {fixedMs: 0, perSessionMs: 3}};
/** Two pipelines, a-b twice as fast as c-d, and e, which overlaps both. */
const nodes = [
  node('a', 0, 2),
  node('b', 2, 4),
  node('c', 0, 2, slow),
  node('d', 2, 4, slow),
  node('e', 1, 4, {decodeMsPerLayer: {fixedMs: 0, perSessionMs: 0.1}}),
];

test("[RH1] the paper's routing takes the fastest chain of whole nodes, whatever its load", () => {
  const promised = new Map([[asPeerId('a'), {sessions: 4, workMsPerToken: 400}]]);
  const overlay = {...EMPTY_OVERLAY, promised};
  expect(hopsOf('paper-dag', {nodes, overlay})).toBe('ab');
  expect(hopsOf('weft', {nodes, overlay})).toBe('ce'); // layer 0 on c, then e from inside its range
  expect(route('paper-dag', {nodes})).toMatchObject({stepMs: 6}); // 2 + 1 + 2, and 1 back
});

test('[RH2] round robin goes round pipelines that share no node, fast or slow', () => {
  const turns = Array.from({length: 4}, (_, seed) => hopsOf('round-robin', {nodes, seed}));
  expect(turns).toEqual(['ab', 'cd', 'ab', 'cd']);
});

test('[RH3] round robin passes over a pipeline with a node that may not serve', () => {
  const overlay = {...EMPTY_OVERLAY, avoided: new Map([[asPeerId('b'), 'distrusted' as const]])};
  expect(hopsOf('round-robin', {nodes, overlay, seed: 0})).toBe('cd');
});

test('[RH4] random routing draws every chain of whole nodes equally often', () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 400; seed += 1) {
    const hops = hopsOf('random', {nodes, seed});
    counts.set(hops, (counts.get(hops) ?? 0) + 1);
  }
  expect([...counts.keys()].toSorted()).toEqual(['ab', 'ad', 'cb', 'cd']);
  for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(35);
});

test.each(['weft', 'paper-dag', 'round-robin', 'random'] as const)(
  '[RH5] %s says which layers are missing, and why',
  (name) => {
    const full = {openSessions: 8};
    expect(route(name, {nodes: [node('a', 0, 2), node('b', 2, 4, full)]})).toEqual({
      kind: 'gap',
      missing: [{startLayer: 2, endLayer: 4, why: 'full'}],
    });
  },
);
