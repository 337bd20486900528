import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {snapshotOfNodes, type SnapshotNode} from '../../swarm-snapshot.ts';
import {LIVE_TARGET} from '../allocation-target.ts';
import {addShard, emptyCoverage, gapsOf} from '../coverage.ts';
import {decidePlacement} from './decide-placement.ts';

const LAYERS = 30;
const model = {layerCount: LAYERS, cutEvery: 1};

type Holder = {readonly room: number; readonly from: number; readonly to: number};

const nodesOf = (holders: readonly Holder[]): readonly SnapshotNode[] =>
  holders.map(({room, from, to}, at) =>
    snapshotNode(`n${at}`, {
      capacityLayers: {plain: room, first: room, last: room, both: room},
      shards: [shard(from, to, LAYERS)],
    }),
  );

function decide(nodes: readonly SnapshotNode[], {nodeId: self}: SnapshotNode) {
  return decidePlacement({snapshot: snapshotOfNodes(nodes, 0), model, self, target: LIVE_TARGET});
}

function coverageOf(nodes: readonly SnapshotNode[]) {
  const coverage = emptyCoverage(model);
  for (const node of nodes) for (const own of node.shards) addShard(coverage, node, own);
  return coverage;
}

const servedCells = (nodes: readonly SnapshotNode[]) =>
  coverageOf(nodes).replicas.flatMap((replicas, cell) => (replicas > 0 ? [cell] : []));

/** Each node in turn moves to where it wants to be, until none does. */
function settle(start: readonly SnapshotNode[]): readonly SnapshotNode[] {
  let nodes = start;
  for (let hasMoved = true; hasMoved;) {
    hasMoved = false;
    for (const [at, node] of nodes.entries()) {
      const decision = decide(nodes, node);
      if (decision.kind !== 'claim') continue;
      hasMoved = true;
      const moved = nodes.with(at, {...node, shards: [decision.shard]});
      expect(servedCells(moved)).toEqual(expect.arrayContaining([...servedCells(nodes)]));
      nodes = moved;
    }
  }
  return nodes;
}

const placesOf = (nodes: readonly SnapshotNode[]) =>
  nodes.map(({shards}) => [shards[0]?.startLayer, shards[0]?.endLayer]);

test('[PL15] a node moves over a gap beside it when others hold the layers that it drops', () => {
  const nodes = nodesOf([
    {room: 24, from: 1, to: 25},
    {room: 6, from: 0, to: 6},
  ]);
  expect(placesOf(settle(nodes))).toEqual([
    [6, 30],
    [0, 6],
  ]);
});

test('[PL15] where the node beside a gap cannot spare its layers, another takes them over first', () => {
  const nodes = nodesOf([
    {room: 24, from: 1, to: 25},
    {room: 6, from: 0, to: 1},
  ]);
  expect(decide(nodes, nodes[0] ?? snapshotNode('none'))).toMatchObject({kind: 'keep'});
  expect(placesOf(settle(nodes))).toEqual([
    [6, 30],
    [0, 6],
  ]);
});

test('[PL15] nodes with room enough for the model close every gap, wherever they are, and no layer is lost on the way', () => {
  const holder = fc
    .record({room: fc.integer({min: 4, max: 20}), from: fc.nat(LAYERS - 1), length: fc.nat(19)})
    .map(({room, from, length}): Holder => {
      const to = Math.min(LAYERS, from + Math.min(room, 1 + length));
      return {room, from, to};
    });
  const holders = fc
    .array(holder, {minLength: 2, maxLength: 6})
    .filter((all) => all.reduce((sum, {room}) => sum + room, 0) >= LAYERS);
  fc.assert(
    fc.property(holders, (all) => {
      expect(gapsOf(coverageOf(settle(nodesOf(all))))).toEqual([]);
    }),
  );
});

test('[PL15] where many nodes of old records are in the way of each other, none claims the place that it has', () => {
  const step = 3;
  // All of old records, so that none counts as a holder, and each could go on to the next gap.
  const nodes = Array.from({length: 60}, (_, at) => ({
    ...snapshotNode(`n${at}`, {
      capacityLayers: {plain: step, first: step, last: step, both: step},
      shards: [shard(step * (at % 9), step * (at % 9) + step, LAYERS)],
    }),
    publishedAtMs: -1e9,
  }));
  const snapshot = snapshotOfNodes(nodes, 0);
  for (const {nodeId: self} of nodes) {
    const decision = decidePlacement({snapshot, model, self, target: LIVE_TARGET});
    expect(decision.kind).toBe('keep');
  }
});
