import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import type {PlacedShard} from '../../swarm-snapshot.ts';
import {addShard, emptyCoverage} from '../coverage.ts';
import {evenOut, type MovableNode} from './even-out.ts';

const grid = {layerCount: 30, cutEvery: 5};
const RANGES = [shard(0, 10, 30), shard(10, 20, 30), shard(20, 30, 30)];
const oneMore = (replicas: number) => replicas + 1;
const twice = (replicas: number) => 2 * replicas;

/** As many equal nodes on each of the three ranges. */
function spread(counts: readonly number[]): readonly MovableNode[] {
  return counts.flatMap((count, at) =>
    Array.from({length: count}, (_, i) => ({
      node: snapshotNode(`${at}-${i}`),
      shard: RANGES[at] ?? shard(0, 10, 30),
    })),
  );
}

function halfOf({startLayer}: PlacedShard): PlacedShard {
  return shard(startLayer, startLayer + 5, 30);
}

function coverageOf(nodes: readonly MovableNode[]) {
  const coverage = emptyCoverage(grid);
  for (const {node, shard: held} of nodes) addShard(coverage, node, held);
  return coverage;
}

function evenedOut(nodes: readonly MovableNode[], leastBehind = oneMore) {
  const coverage = coverageOf(nodes);
  const mostMoves = nodes.length;
  const moves = evenOut({coverage, movable: nodes, leastBehind, mostMoves});
  return {moves, replicas: coverage.replicas};
}

test('[PL13] however equal nodes are spread, moves bring them within one of even, each at most once', () => {
  const counts = fc.array(fc.integer({min: 1, max: 12}), {minLength: 3, maxLength: 3});
  fc.assert(
    fc.property(counts, (before) => {
      const {moves, replicas} = evenedOut(spread(before));
      expect(Math.max(...replicas) - Math.min(...replicas)).toBeLessThanOrEqual(1);
      const mean = before.reduce((sum, count) => sum + count, 0) / 3;
      const above = before.reduce((sum, count) => sum + Math.max(0, count - Math.floor(mean)), 0);
      expect(moves.size).toBeLessThanOrEqual(above);
    }),
    {numRuns: 50},
  );
});

test('[PL13] no move makes the scarcest layers scarcer, whatever the nodes', () => {
  const node = fc.record({
    layers: fc.constantFrom(5, 10, 15),
    ms: fc.constantFrom(1, 2, 8),
    startLayer: fc.constantFrom(0, 5, 10, 15),
  });
  fc.assert(
    fc.property(fc.array(node, {minLength: 1, maxLength: 12}), (drawn) => {
      const nodes = drawn.map(({layers, ms, startLayer}, i) => ({
        node: snapshotNode(`n${i}`, {
          capacityLayers: {plain: layers, first: layers, last: layers, both: layers},
          decodeMsPerLayer: {fixedMs: 0, perSessionMs: ms},
        }),
        shard: shard(startLayer, startLayer + layers, 30),
      }));
      const before = coverageOf(nodes).replicas.toSorted((a, b) => a - b);
      const after = evenedOut(nodes).replicas.toSorted((a, b) => a - b);
      const first = before.findIndex((count, at) => count !== after[at]);
      expect(first < 0 || (after[first] ?? 0) > (before[first] ?? 0)).toBe(true);
    }),
  );
});

test('[PL14] nobody leaves for a place that is served as fast by fewer', () => {
  const fast = {decodeMsPerLayer: {fixedMs: 0, perSessionMs: 0.1}};
  const few = [{node: snapshotNode('fast', fast), shard: shard(20, 30, 30)}];
  expect(evenedOut([...spread([3, 3, 0]), ...few]).moves.size).toBe(0);
});

test('[PL14] as long as too few would stay behind, nobody leaves', () => {
  expect(evenedOut(spread([8, 4, 4]), twice).moves.size).toBe(0);
  expect(evenedOut(spread([9, 4, 4]), twice).moves.size).toBe(1);
});

test('[PL14] a node that moves holds no more layers than before', () => {
  const nodes = spread([3, 1, 1]).map((each) => ({...each, shard: halfOf(each.shard)}));
  const {moves} = evenedOut(nodes);
  expect(moves.size).toBeGreaterThan(0);
  for (const {startLayer, endLayer} of moves.values()) expect(endLayer - startLayer).toBe(5);
});
