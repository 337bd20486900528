import type {PeerId} from '#shared/base/ids.ts';
import type {PlacedShard, SnapshotNode} from '../../swarm-snapshot.ts';
import {worthOf} from '../best-shard.ts';
import {addShard, cellSpan, removeShard, type Coverage} from '../coverage.ts';
import {longestFrom, longestUntil, shardOf} from '../fitting-range.ts';

/** A node that may hold other layers than it does, and the layers that `coverage` counts for it. */
export type MovableNode = {readonly node: SnapshotNode; readonly shard: PlacedShard};

export type EvenOutQuestion = {
  /** What everybody holds, the movable nodes included. Changed to what they will hold. */
  readonly coverage: Coverage;
  /** Of several that would do equally well the first goes. */
  readonly movable: readonly MovableNode[];
  /** Fewest replicas that must stay behind for a move to where there are `replicas`; one more at least. */
  readonly leastBehind: (replicas: number) => number;
  readonly mostMoves: number;
};

/**
 * Who should go from a crowded place to a scarce one, worked out alike by all who see the same.
 * A node goes when, without it, every layer that it drops still has at least one more replica, and
 * as many tokens a second, as any layer that it gains. So each move raises what is served least
 * and nothing falls below that: moves come to an end, and equal nodes end up within one of even.
 * O(moves · nodes · cells²), O(cells) for an even swarm.
 */
export function evenOut(question: EvenOutQuestion): ReadonlyMap<PeerId, PlacedShard> {
  const {coverage, movable, mostMoves} = question;
  const moves = new Map<PeerId, PlacedShard>();
  while (moves.size < mostMoves && isUneven(question)) {
    let best: (MovableNode & Move) | null = null;
    for (const candidate of movable) {
      if (moves.has(candidate.node.nodeId)) continue;
      const move = scarcerPlace(question, candidate);
      if (move !== null && (best === null || isBetter(move, best))) best = {...candidate, ...move};
    }
    if (best === null) break;
    removeShard(coverage, best.node, best.shard);
    addShard(coverage, best.node, best.to);
    moves.set(best.node.nodeId, best.to);
  }
  return moves;
}

/** Whether any move is possible at all. O(cells). */
export function isUneven({
  coverage: {replicas},
  leastBehind,
}: Pick<EvenOutQuestion, 'coverage' | 'leastBehind'>): boolean {
  return isCrowded(Math.max(...replicas) - 1, Math.min(...replicas), leastBehind);
}

function isCrowded(
  behind: number,
  ahead: number,
  leastBehind: EvenOutQuestion['leastBehind'],
): boolean {
  return behind > ahead && behind >= leastBehind(ahead);
}

type Move = {
  readonly to: PlacedShard;
  /** By how many replicas the place that is left is ahead. */
  readonly spread: number;
  readonly worth: number;
};

/** From where there are most to where there are fewest; then whatever brings more. */
function isBetter(a: Move, b: Move): boolean {
  return a.spread === b.spread ? a.worth > b.worth : a.spread > b.spread;
}

/** Where a node would help most, if it helps more there than where it is. */
function scarcerPlace(
  {coverage, leastBehind}: EvenOutQuestion,
  {node, shard}: MovableNode,
): Move | null {
  removeShard(coverage, node, shard);
  let best: Move | null = null;
  for (const to of placesOfSize(coverage, node, shard)) {
    const spread = spreadOf(coverage, shard, to, leastBehind);
    if (spread === null) continue;
    const move = {to, spread, worth: worthOf(coverage, node, to)};
    if (best === null || isBetter(move, best)) best = move;
  }
  addShard(coverage, node, shard);
  return best;
}

/** Ranges that fit a node and are no longer than what it holds. */
function placesOfSize(
  {grid, cells}: Coverage,
  {capacityLayers}: SnapshotNode,
  {startLayer, endLayer}: PlacedShard,
): readonly PlacedShard[] {
  const layers = endLayer - startLayer;
  const fromStarts = cells.flatMap((cell) => {
    const longest = longestFrom(grid, capacityLayers, cell.startLayer);
    if (longest === null) return [];
    const end = Math.min(longest.endLayer, cell.startLayer + layers);
    return [shardOf(grid, cell.startLayer, end)];
  });
  const tail = longestUntil(grid, capacityLayers, grid.layerCount);
  if (tail === null) return fromStarts;
  const start = Math.max(tail.startLayer, grid.layerCount - layers);
  return [...fromStarts, shardOf(grid, start, grid.layerCount)];
}

/** By how many replicas what `from` alone has is ahead of what `to` alone has; `null`: by too few. */
function spreadOf(
  coverage: Coverage,
  from: PlacedShard,
  to: PlacedShard,
  leastBehind: EvenOutQuestion['leastBehind'],
): number | null {
  const dropped = cellsOnlyIn(coverage, from, to);
  const gained = cellsOnlyIn(coverage, to, from);
  if (dropped.length === 0 || gained.length === 0) return null;
  const behind = Math.min(...valuesAt(coverage.replicas, dropped));
  const ahead = Math.max(...valuesAt(coverage.replicas, gained));
  if (!isCrowded(behind, ahead, leastBehind)) return null;
  const slowestBehind = Math.min(...valuesAt(coverage.tokensPerSec, dropped));
  const fastestAhead = Math.max(...valuesAt(coverage.tokensPerSec, gained));
  return slowestBehind < fastestAhead ? null : behind - ahead;
}

function valuesAt(values: readonly number[], cells: readonly number[]): readonly number[] {
  return cells.map((cell) => values[cell] ?? 0);
}

function cellsOnlyIn({grid}: Coverage, shard: PlacedShard, other: PlacedShard): readonly number[] {
  const [from, to] = cellSpan(grid, shard);
  const [otherFrom, otherTo] = cellSpan(grid, other);
  const cells: number[] = [];
  for (let cell = from; cell < to; cell += 1)
    if (cell < otherFrom || cell >= otherTo) cells.push(cell);
  return cells;
}
