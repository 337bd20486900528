import {intAt, realAt} from '../../table-access.ts';
import type {PlanningPool} from '../planning-pool.ts';

/**
 * Cells for each stage of a pipeline, head first, tail last: one each, then
 * cell by cell to the stage where it costs least. With `throughputShare` 0
 * that is the fastest stage with room (least step time), with 1 the stage that
 * is done first (least bottleneck: min-max, the paper's water-filling, but by
 * measured decode time instead of TFLOPS), between them a mix. The step time is that of
 * one session, the bottleneck that of as many as run as one: who asks alone pays the weights that a
 * stage reads, many share them. Never above a capacity, never a stage with nothing. O(cells · stages).
 *
 * @returns `null` when the stages cannot hold the model.
 */
export function fillCells(
  pool: PlanningPool,
  order: readonly number[],
  throughputShare: number,
): readonly number[] | null {
  const size = order.length;
  const rooms = order.map((node, k) => roomAt(pool, order, node, k));
  const cells = order.map(() => 1);
  if (size > pool.cellCount || rooms.some((room) => room < 1)) return null;
  for (let rest = pool.cellCount - size; rest > 0; rest -= 1) {
    let next = -1;
    let leastMs = Infinity;
    for (let k = 0; k < size; k += 1) {
      const held = cells[k] ?? 0;
      if (held >= (rooms[k] ?? 0)) continue;
      const node = order[k] ?? 0;
      const aloneMs = realAt(pool.cellMs, node);
      const busyMs = realAt(pool.batchedCellMs, node) * (1 + held);
      const ms = (1 - throughputShare) * aloneMs + throughputShare * busyMs;
      if (ms >= leastMs) continue;
      leastMs = ms;
      next = k;
    }
    if (next < 0) return null;
    cells[next] = (cells[next] ?? 0) + 1;
  }
  return cells;
}

function roomAt(pool: PlanningPool, order: readonly number[], node: number, k: number): number {
  if (order.length === 1) return pool.holdsAll[node] === 1 ? pool.cellCount : 0;
  if (k === 0) return intAt(pool.first, node);
  return k === order.length - 1 ? intAt(pool.last, node) : intAt(pool.plain, node);
}

/** One decode step through stages with these cells, the link from tail to head included. */
export function pipelineStepMs(
  pool: PlanningPool,
  order: readonly number[],
  cells: readonly number[],
): number {
  let ms = 0;
  for (const [k, node] of order.entries()) {
    const next = order[(k + 1) % order.length] ?? node;
    ms += (cells[k] ?? 0) * realAt(pool.cellMs, node) + realAt(pool.hopMs, node);
    ms += order.length === 1 ? 0 : realAt(pool.oneWayMs, node * pool.count + next);
  }
  return ms - realAt(pool.shortTailMs, order.at(-1) ?? 0);
}
