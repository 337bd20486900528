import {intAt, realAt} from '../../scheduling/table-access.ts';
import type {PlanningPool} from '../../scheduling/allocation/planning-pool.ts';

/**
 * What Parallax's planner believes about a node beside its capacity: TFLOPS
 * from a table of cards, and roofline times of an idle node (batch 0, so the
 * KV cache costs nothing there).
 */
export type ParallaxView = {
  /** Water-filling gives layers in proportion to this. */
  readonly power: (node: number) => number;
  readonly idleCellMs: (node: number) => number;
  /** Reading embedding or LM head once. */
  readonly endMs: (node: number) => number;
};

/** The view when no card is known: power from the measured decode time, ends from the room they take. */
export function measuredView(pool: PlanningPool): ParallaxView {
  const cellMs = (node: number) => realAt(pool.cellMs, node);
  return {
    power: (node) => 1 / Math.max(cellMs(node), 1e-9),
    idleCellMs: cellMs,
    endMs: (node) => cellMs(node) * (intAt(pool.plain, node) - intAt(pool.first, node)),
  };
}
