import {intAt} from '../../table-access.ts';
import type {PlanningPool} from '../planning-pool.ts';

/**
 * Node sets of Parallax's greedy planner (`sched/layer_allocation.py:582-755`
 * at commit 162354a), in the order in which it is given the nodes: takes the
 * next node until the model is covered; a single node that could be a tail of
 * the whole model is preferred as the first of a pipeline (its look-ahead never
 * does more); RTT plays no part. O(N²) for the look-ahead.
 */
export function parallaxGreedySets(pool: PlanningPool, joinOrder: readonly number[]): number[][] {
  const left = [...joinOrder];
  const pipelines: number[][] = [];
  let leftCells = left.reduce((sum, node) => sum + intAt(pool.plain, node), 0);
  while (left.length > 0 && leftCells >= pool.cellCount) {
    const {set, isComplete} = nextSet(pool, left);
    if (!isComplete) break;
    pipelines.push(set);
    leftCells = left.reduce((sum, node) => sum + intAt(pool.plain, node), 0);
  }
  return pipelines;
}

/** Takes the nodes of one pipeline out of `left`. */
function nextSet(pool: PlanningPool, left: number[]): {set: number[]; isComplete: boolean} {
  const set: number[] = [];
  let missing = pool.cellCount;
  while (missing > 0 && left.length > 0) {
    const isFirst = set.length === 0;
    const at = isFirst ? Math.max(0, wholeModelNode(pool, left)) : 0;
    const [node = 0] = left.splice(at, 1);
    set.push(node);
    const cells = intAt(isFirst ? pool.first : pool.plain, node);
    const closing = closingCells(pool, node, isFirst);
    missing -= missing - cells <= 0 ? closing : cells;
  }
  return {set, isComplete: missing <= 0 && set.length > 0};
}

function closingCells(pool: PlanningPool, node: number, isFirst: boolean): number {
  return isFirst ? intAt(pool.both, node) : intAt(pool.last, node);
}

/** The last node in line that could hold the whole model as a tail, while the others still could too. */
function wholeModelNode({last, plain, cellCount}: PlanningPool, left: readonly number[]): number {
  const total = left.reduce((sum, node) => sum + intAt(plain, node), 0);
  if (total - cellCount < cellCount + 1) return -1;
  return left.findLastIndex(
    (node) => intAt(last, node) >= cellCount && total - intAt(last, node) >= cellCount,
  );
}

/** The order "sorted": largest capacity first, ties as they stand. */
export function byCapacity({plain, count}: PlanningPool): readonly number[] {
  return Array.from({length: count}, (_, node) => node).toSorted(
    (a, b) => intAt(plain, b) - intAt(plain, a),
  );
}
