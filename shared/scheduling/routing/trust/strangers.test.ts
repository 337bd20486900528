import {describe, expect, test} from 'vitest';
import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {seededRandom} from '../../seeded-choice.ts';
import {snapshotOfNodes, type SnapshotNode, type SwarmSnapshot} from '../../swarm-snapshot.ts';
import {EMPTY_OVERLAY, type ChainHop} from '../chain.ts';
import {ClientOverlay} from '../load/client-overlay.ts';
import {selectChain} from '../select/select-chain.ts';
import type {Conduct} from './trust-book.ts';

const MODEL = {layerCount: 30, cutEvery: 1};
const REQUEST = {promptTokens: 20, newTokens: 50, whenFull: 'refuse'} as const;
const REQUEST_TO_WAIT = {...REQUEST, whenFull: 'queue'} as const;
const LIAR = asPeerId('liar');
const NOBODY = new Set<PeerId>();
const ASKED = 50;
const DOUBT = {kind: 'lied', code: 'BAD_PAYLOAD', isCertain: false} as const;
const SEEDS = Array.from({length: 30}, (_, seed) => seed + 1);

/** Fifty different nodes of ten layers each. */
function honestNodes(seed: number): readonly SnapshotNode[] {
  const random = seededRandom(seed);
  return Array.from({length: 50}, (_, i) => {
    const startLayer = 10 * (i % 3);
    return snapshotNode(`node-${i}`, {
      shards: [shard(startLayer, startLayer + 10, MODEL.layerCount)],
      decodeMsPerLayer: {fixedMs: 0.5 + 2 * random(), perSessionMs: 0.2},
      hopOverheadMs: 0.5 + random(),
      coords: {at: [60 * random(), 60 * random()], heightMs: 5 + 10 * random(), errorMs: 1},
    });
  });
}

/** Faster, nearer, roomier and idler than anybody; odd seeds hold the whole model. */
function impossibleNode(seed: number, honest: readonly SnapshotNode[]): SnapshotNode {
  return snapshotNode(LIAR, {
    shards: [shard(0, seed % 2 === 0 ? 10 : MODEL.layerCount, MODEL.layerCount)],
    decodeMsPerLayer: {fixedMs: 0, perSessionMs: 0},
    hopOverheadMs: 0,
    maxSessions: 1_000_000,
    kvTokensFree: 1_000_000_000,
    uplinkBytesPerSec: 1e12,
    coords: {at: [30, 30], heightMs: 0, errorMs: 0},
    rtts: honest.slice(0, 16).map(({nodeId}) => ({peerId: nodeId, rttMs: 0})),
  });
}

type Outcome = (asked: {
  readonly hops: readonly ChainHop[];
  readonly stepMs: number;
  readonly overlay: ClientOverlay;
  readonly snapshot: SwarmSnapshot;
}) => void;

/** How many chains of one client went over each node, when `outcome` becomes of each. */
function chainsOver(
  nodes: readonly SnapshotNode[],
  {seed, everyMs = 1_000}: {readonly seed: number; readonly everyMs?: number},
  outcome: Outcome,
) {
  const overlay = new ClientOverlay();
  const counts = new Map<PeerId, number>();
  let hopCount = 0;
  let snapshot: SwarmSnapshot | null = null;
  for (let asked = 0; asked < ASKED; asked += 1) {
    snapshot = snapshotOfNodes(nodes, 1_000_000 + everyMs * asked, snapshot);
    const known = overlay.over(snapshot, new Map());
    const result = selectChain({snapshot, model: MODEL, request: REQUEST, overlay: known, seed});
    if (result.kind === 'gap') throw new Error(`Seed ${seed} finds no chain`);
    const {hops, stepMs} = result;
    for (const {nodeId} of hops) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
    hopCount += hops.length;
    const promised = overlay.promise(hops, snapshot.takenAtMs);
    outcome({hops, stepMs, overlay, snapshot});
    if (outcome !== neverEnds) overlay.release(promised, snapshot.takenAtMs);
  }
  return {countOf: (nodeId: PeerId) => counts.get(nodeId) ?? 0, hopCount};
}

const neverEnds: Outcome = () => undefined;

/** Every hop did its part, as fast as it says. */
const finishes: Outcome = ({hops, stepMs, overlay, snapshot}) => {
  for (const {nodeId} of hops) tell(overlay, nodeId, {kind: 'finished'}, snapshot);
  overlay.timed(hops, stepMs, snapshot);
};

function tell(overlay: ClientOverlay, peerId: PeerId, conduct: Conduct, at: SwarmSnapshot): void {
  overlay.report({peerId, conduct}, at.takenAtMs);
}

const has = (hops: readonly ChainHop[], wanted: PeerId) =>
  hops.some(({nodeId}) => nodeId === wanted);

describe('a record with impossible attractions beside fifty honest nodes', () => {
  test('[TB5] draws no more than its share of the first 50 chains, whatever the seed', () => {
    for (const seed of SEEDS) {
      const honest = honestNodes(seed);
      const nodes = [...honest, impossibleNode(seed, honest)];
      const {countOf, hopCount} = chainsOver(nodes, {seed}, neverEnds);
      expect(countOf(LIAR), `seed ${seed}`).toBeLessThanOrEqual(Math.ceil(hopCount / nodes.length));
    }
  });

  test('[TB5] and none after it failed once for certain, whatever the seed', () => {
    for (const seed of SEEDS) {
      const honest = honestNodes(seed);
      const nodes = [...honest, impossibleNode(seed, honest)];
      const silent = {kind: 'silent', code: 'SESSION_EXPIRED', isCertain: true} as const;
      const {countOf} = chainsOver(nodes, {seed}, (asked) => {
        if (has(asked.hops, LIAR)) tell(asked.overlay, LIAR, silent, asked.snapshot);
        else finishes(asked);
      });
      expect(countOf(LIAR), `seed ${seed}`).toBeLessThanOrEqual(1);
    }
  });

  test('[TB5] where its failures leave only doubts about all of their chains it draws three at most, whatever the seed', () => {
    for (const seed of SEEDS) {
      const honest = honestNodes(seed);
      const nodes = [...honest, impossibleNode(seed, honest)];
      const {countOf} = chainsOver(nodes, {seed, everyMs: 10_000}, (asked) => {
        if (!has(asked.hops, LIAR)) {
          finishes(asked);
          return;
        }
        for (const {nodeId} of asked.hops) tell(asked.overlay, nodeId, DOUBT, asked.snapshot);
      });
      expect(countOf(LIAR), `seed ${seed}`).toBeLessThanOrEqual(3);
    }
  });

  test('[TB3] counts as an ordinary node: equal ones are chosen before it, and what makes a node worse is believed', () => {
    const near = {at: [0, 0], heightMs: 0, errorMs: 0};
    const others = ['a', 'b', 'c'].map((id) => snapshotNode(id, {shards: [shard(0, 30, 30)]}));
    const fast = snapshotNode(LIAR, {
      shards: [shard(0, 30, 30)],
      decodeMsPerLayer: {fixedMs: 0, perSessionMs: 0},
      coords: near,
    });
    const slow = snapshotNode('slow', {
      shards: [shard(0, 30, 30)],
      decodeMsPerLayer: {fixedMs: 0, perSessionMs: 5},
    });
    const overlay = {...EMPTY_OVERLAY, trust: {earned: new Map<PeerId, number>(), ofStrangers: 0}};
    const chosen = (nodes: readonly SnapshotNode[]) => {
      const snapshot = snapshotOfNodes(nodes, 0);
      const result = selectChain({snapshot, model: MODEL, request: REQUEST, overlay, seed: 1});
      return result.kind === 'chain' ? result : null;
    };
    expect(chosen([...others, fast])).toMatchObject({nearEqual: 4, stepMs: 30});
    expect(chosen([...others, slow])).toMatchObject({nearEqual: 3, stepMs: 30});
    const proven = {...overlay, trust: {earned: new Map([[LIAR, 1]]), ofStrangers: 0}};
    const snapshot = snapshotOfNodes([...others, fast], 0);
    expect(
      selectChain({snapshot, model: MODEL, request: REQUEST, overlay: proven, seed: 1}),
    ).toMatchObject({nearEqual: 1, stepMs: 0, hops: [{nodeId: LIAR}]});
  });
});

test('[TB3] a stranger that says that sessions add nothing is no better than others when they are many', () => {
  const decodeMsPerLayer = {fixedMs: 0.5, perSessionMs: 0.5};
  const busy = {shards: [shard(0, 30, 30)], openSessions: 12};
  const others = ['a', 'b', 'c'].map((id) => snapshotNode(id, {...busy, decodeMsPerLayer}));
  const liar = snapshotNode(LIAR, {...busy, decodeMsPerLayer: {fixedMs: 1, perSessionMs: 0}});
  const chosen = (ofStrangers: number) => {
    const overlay = {...EMPTY_OVERLAY, trust: {earned: new Map<PeerId, number>(), ofStrangers}};
    const snapshot = snapshotOfNodes([...others, liar], 0);
    return selectChain({snapshot, model: MODEL, request: REQUEST_TO_WAIT, overlay, seed: 1});
  };
  expect(chosen(1)).toMatchObject({nearEqual: 1, hops: [{nodeId: LIAR}]});
  expect(chosen(0)).toMatchObject({nearEqual: 4});
});

test('[TB6] the best node keeps its share though another slanders it in every answer; that one loses its own', () => {
  const slanderer = asPeerId('head-0');
  const best = asPeerId('tail-0');
  const nodes = Array.from({length: 5}, (_, i) => [
    snapshotNode(`head-${i}`, {shards: [shard(0, 15, 30)]}),
    snapshotNode(`tail-${i}`, {
      shards: [shard(15, 30, 30)],
      decodeMsPerLayer: {fixedMs: 0, perSessionMs: i === 0 ? 1 : 4},
    }),
  ]).flat();
  const slander: Outcome = (asked) => {
    if (!has(asked.hops, slanderer)) {
      finishes(asked);
      return;
    }
    for (const {nodeId} of asked.hops) tell(asked.overlay, nodeId, DOUBT, asked.snapshot);
  };
  const sums = {honest: 0, slandered: 0, slandererAsHonest: 0, slanderer: 0};
  for (const seed of SEEDS) {
    const asked = {seed, everyMs: 10_000};
    const honest = chainsOver(nodes, asked, finishes);
    const slandered = chainsOver(nodes, asked, slander);
    sums.honest += honest.countOf(best);
    sums.slandered += slandered.countOf(best);
    sums.slandererAsHonest += honest.countOf(slanderer);
    sums.slanderer += slandered.countOf(slanderer);
  }
  expect(sums.slandered).toBeGreaterThan(0.95 * sums.honest);
  expect(sums.slanderer).toBeLessThan(0.1 * sums.slandererAsHonest);
});

test('[TB7] where no chain does without, as few nodes as can be are asked that failed or have to show first how good they are', () => {
  const nodes = [
    snapshotNode('head', {shards: [shard(0, 15, 30)]}),
    snapshotNode('tail-a', {shards: [shard(15, 30, 30)]}),
    snapshotNode('tail-b', {shards: [shard(15, 30, 30)]}),
  ];
  const snapshot = snapshotOfNodes(nodes, 0);
  const [head, a, b] = ['head', 'tail-a', 'tail-b'].map(asPeerId);
  const chosen = (
    shunned: readonly (PeerId | undefined)[],
    restrained: readonly (PeerId | undefined)[],
  ) => {
    const present = (ids: typeof shunned) => new Set(ids.flatMap((id) => id ?? []));
    const overlay = {...EMPTY_OVERLAY, shunned: present(shunned), restrained: present(restrained)};
    const result = selectChain({snapshot, model: MODEL, request: REQUEST, overlay, seed: 3});
    return result.kind === 'chain' ? result.hops.map(({nodeId}) => nodeId) : result.missing;
  };
  expect(chosen([head, a], [])).toEqual([head, b]);
  expect(chosen([head, b], [])).toEqual([head, a]);
  expect(chosen([a], [head, b])).toEqual([head, b]);
  expect(chosen([b], [head, a])).toEqual([head, a]);
  expect(chosen([head, a, b], [])).toHaveLength(2);
});

test('[TB7] where some layers have nobody at all, those that only shunned or restrained nodes serve are not missing', () => {
  const nodes = [
    snapshotNode('head', {shards: [shard(0, 10, 30)]}),
    snapshotNode('tail', {shards: [shard(20, 30, 30)]}),
  ];
  const overlay = {
    ...EMPTY_OVERLAY,
    shunned: new Set([asPeerId('head')]),
    restrained: new Set([asPeerId('tail')]),
  };
  const snapshot = snapshotOfNodes(nodes, 0);
  expect(selectChain({snapshot, model: MODEL, request: REQUEST, overlay, seed: 1})).toEqual({
    kind: 'gap',
    missing: [{startLayer: 10, endLayer: 20, why: 'no-node'}],
  });
});

const tab = (id: string, fixedMs: number) =>
  snapshotNode(id, {
    shards: [shard(0, 30, 30)],
    decodeMsPerLayer: {fixedMs: 0, perSessionMs: fixedMs},
  });

test('[TB9] a node that had its share is asked again where all others are several times slower than an ordinary node', () => {
  const stepOf = (nodes: readonly SnapshotNode[], shunned: ReadonlySet<PeerId>) => {
    const snapshot = snapshotOfNodes([tab(LIAR, 0.01), ...nodes], 0);
    const overlay = {...EMPTY_OVERLAY, shunned, restrained: new Set([LIAR])};
    const result = selectChain({snapshot, model: MODEL, request: REQUEST, overlay, seed: 3});
    return result.kind === 'chain' ? [result.hops[0]?.nodeId, result.stepMs] : null;
  };
  const ordinary = tab('ordinary', 2);
  const slow = tab('slow', 200);
  expect(stepOf([ordinary, slow], NOBODY)).toEqual([ordinary.nodeId, 60]);
  // As slow as an ordinary one: that much it cannot claim away.
  expect(stepOf([ordinary, slow], new Set([ordinary.nodeId]))).toEqual([LIAR, 60]);
});
