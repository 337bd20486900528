import {intAt} from '../../scheduling/table-access.ts';
import type {PlanningPool} from '../../scheduling/allocation/planning-pool.ts';
import type {ParallaxView} from './parallax-view.ts';

/** Stages of one pipeline in order, and the cells of each (never 0). */
export type FilledPipeline = {readonly order: readonly number[]; readonly cells: readonly number[]};

/**
 * Parallax's water-filling (`sched/layer_allocation.py:278-400`, paper section
 * 3.2): stages by capacity, largest first, RTT left aside; cells in proportion
 * to compute power up to each capacity; what rounding leaves goes to the
 * largest remainders, one each. O(m log m + 40·m).
 *
 * @returns `null` where Parallax raises: no room once the ends are placed.
 */
export function parallaxWaterFill(
  pool: PlanningPool,
  set: readonly number[],
  view: ParallaxView,
): FilledPipeline | null {
  const order = set.toSorted((a, b) => intAt(pool.plain, b) - intAt(pool.plain, a));
  const rooms = order.map((node, k) => roomAt(pool, order.length, node, k));
  if (rooms.some((room) => room <= 0)) return null;
  if (rooms.reduce((sum, room) => sum + room, 0) < pool.cellCount) return null;
  const powers = order.map((node) => view.power(node));
  const targets = waterTargets(rooms, powers, pool.cellCount);
  const cells = roundUp(targets, rooms, pool.cellCount);
  const isUsed = (k: number) => (cells[k] ?? 0) > 0;
  return {order: order.filter((_, k) => isUsed(k)), cells: cells.filter((count) => count > 0)};
}

/** A single node is not charged for its LM head there. */
function roomAt({first, last, plain}: PlanningPool, size: number, node: number, k: number): number {
  if (k === 0) return intAt(first, node);
  return intAt(k === size - 1 ? last : plain, node);
}

function waterTargets(rooms: readonly number[], powers: readonly number[], cellCount: number) {
  const at = (level: number) => rooms.map((room, k) => Math.min(room, level * (powers[k] ?? 0)));
  let low = 0;
  let high = Math.max(...rooms.map((room, k) => room / (powers[k] ?? 1)));
  for (let round = 0; round < 40; round += 1) {
    const middle = (low + high) / 2;
    const total = at(middle).reduce((sum, cells) => sum + cells, 0);
    if (total >= cellCount) high = middle;
    else low = middle;
  }
  return at(high);
}

function roundUp(targets: readonly number[], rooms: readonly number[], cellCount: number) {
  const cells = targets.map((target, k) => Math.min(rooms[k] ?? 0, Math.floor(target)));
  let rest = cellCount - cells.reduce((sum, count) => sum + count, 0);
  const remainder = (k: number) => (targets[k] ?? 0) - (cells[k] ?? 0);
  const byRemainder = [...cells.keys()].map((k) => ({k, left: remainder(k)}));
  for (const {k} of byRemainder.toSorted((a, b) => b.left - a.left || a.k - b.k)) {
    if (rest === 0) break;
    if ((cells[k] ?? 0) >= (rooms[k] ?? 0)) continue;
    cells[k] = (cells[k] ?? 0) + 1;
    rest -= 1;
  }
  return cells;
}
