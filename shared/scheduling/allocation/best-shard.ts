import {hopServiceMs} from '../cost-model.ts';
import type {PlacedShard, SnapshotNode} from '../swarm-snapshot.ts';
import {cellSpan, gapsOf, shardTokensPerSec, type Coverage} from './coverage.ts';
import {longestFrom, longestUntil} from './fitting-range.ts';

/** A cell that nobody serves is worth more than any number of replicas elsewhere. */
const UNSERVED_WORTH = 1e6;

/** One more for a cell that a single node serves: whoever it is, it may leave. */
const SECOND_HOLDER_WORTH = 4;

export type ScoredShard = {readonly shard: PlacedShard; readonly worth: number};

/**
 * The shard by which a node helps most, given what the others serve: the whole
 * model when it fits, else unserved layers, from an edge of their gap, else
 * the layers with the least capacity to serve. `null` when nothing fits.
 * O(cells²).
 */
export function bestShard(coverage: Coverage, node: SnapshotNode): ScoredShard | null {
  let best: ScoredShard | null = null;
  for (const shard of candidateShards(coverage, node)) {
    const worth = worthOf(coverage, node, shard);
    if (best === null || worth > best.worth) best = {shard, worth};
  }
  return best;
}

/** What a shard adds: per cell, the relative gain in tokens a second. */
export function worthOf(coverage: Coverage, node: SnapshotNode, shard: PlacedShard): number {
  const rate = shardTokensPerSec(node, shard);
  const [from, to] = cellSpan(coverage.grid, shard);
  let worth = 0;
  for (let cell = from; cell < to; cell += 1) {
    const current = coverage.tokensPerSec[cell] ?? 0;
    const isSecond = coverage.replicas[cell] === 1;
    const gain = rate / (current + rate) / current;
    worth += current <= 0 ? UNSERVED_WORTH : gain * (isSecond ? SECOND_HOLDER_WORTH : 1);
  }
  return worth;
}

/**
 * With gaps, only ranges at an edge of one, so that no sliver is left that
 * nobody fills; else, and for nodes that fit at no edge, any start on the grid.
 * The whole model alone when it fits.
 */
function candidateShards(
  {grid, cells, ...rest}: Coverage,
  {capacityLayers}: SnapshotNode,
): readonly PlacedShard[] {
  const whole = longestFrom(grid, capacityLayers, 0);
  if (whole !== null && whole.endLayer === grid.layerCount) return [whole];
  const atEdges = gapsOf({grid, cells, ...rest}).flatMap(({startLayer, endLayer}) => [
    longestFrom(grid, capacityLayers, startLayer),
    longestUntil(grid, capacityLayers, endLayer),
  ]);
  const fitting = atEdges.filter((shard) => shard !== null);
  if (fitting.length > 0) return fitting;
  return [
    ...cells.map(({startLayer}) => longestFrom(grid, capacityLayers, startLayer)),
    longestUntil(grid, capacityLayers, grid.layerCount),
  ].filter((shard) => shard !== null);
}

/** Order in which nodes that wait for a place choose: the strongest first, then by id. */
export function placementOrder(a: SnapshotNode, b: SnapshotNode): number {
  const difference = b.capacityLayers.plain - a.capacityLayers.plain;
  if (difference !== 0) return difference;
  return hopServiceMs(a, 1) - hopServiceMs(b, 1);
}
