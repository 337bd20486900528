import {intAt} from '../../table-access.ts';
import type {PlanningPool} from '../planning-pool.ts';

/**
 * Node sets of Parallax's greedy planner (`sched/layer_allocation.py:582-755`
 * at commit 162354a), in the order in which it is given the nodes: takes the
 * next node until the model is covered; a single node that could be a tail of
 * the whole model is preferred as the first of a pipeline (its look-ahead never
 * does more).
 * RTT plays no part. O(N), and O(nodes that hold the whole model) per pipeline.
 */
export function parallaxGreedySets(pool: PlanningPool, joinOrder: readonly number[]): number[][] {
  const line = new Line(pool, joinOrder);
  const pipelines: number[][] = [];
  while (line.cells > 0 && line.cells >= pool.cellCount) {
    const {set, isComplete} = nextSet(pool, line);
    if (!isComplete) break;
    pipelines.push(set);
  }
  return pipelines;
}

/** The nodes that wait, in order. */
class Line {
  readonly #pool: PlanningPool;
  readonly #order: readonly number[];
  readonly #isTaken: Uint8Array;
  #next = 0;
  /** Positions of those that could hold the whole model as a tail, the last in line at the end. */
  readonly #whole: number[];
  /** Cells that fit the nodes in line. */
  cells = 0;

  constructor(pool: PlanningPool, order: readonly number[]) {
    this.#pool = pool;
    this.#order = order;
    this.#isTaken = new Uint8Array(order.length);
    this.#whole = [...order.keys()].filter((at) => this.#asTail(at) >= pool.cellCount);
    for (const node of order) this.cells += intAt(pool.plain, node);
  }

  /** Takes the next node out; `null` when none is left. */
  take(): number | null {
    while (this.#isTaken[this.#next] === 1) this.#next += 1;
    return this.#next < this.#order.length ? this.#takeAt(this.#next) : null;
  }

  /** Takes the last node that could hold the whole model, while the others still could too; else the next. */
  takeFirst(): number | null {
    const {cellCount} = this.#pool;
    if (this.cells - cellCount < cellCount + 1) return this.take();
    const found = this.#whole.findLast(
      (at) => this.#isTaken[at] === 0 && this.cells - this.#asTail(at) >= cellCount,
    );
    return found === undefined ? this.take() : this.#takeAt(found);
  }

  #asTail(at: number): number {
    return intAt(this.#pool.last, this.#order[at] ?? 0);
  }

  #takeAt(at: number): number {
    const node = this.#order[at] ?? 0;
    this.#isTaken[at] = 1;
    this.cells -= intAt(this.#pool.plain, node);
    while (this.#whole.length > 0 && this.#isTaken[this.#whole.at(-1) ?? 0] === 1)
      this.#whole.pop();
    return node;
  }
}

/** Takes the nodes of one pipeline out of the line. */
function nextSet(pool: PlanningPool, line: Line): {set: number[]; isComplete: boolean} {
  const set: number[] = [];
  let missing = pool.cellCount;
  while (missing > 0) {
    const isFirst = set.length === 0;
    const node = isFirst ? line.takeFirst() : line.take();
    if (node === null) break;
    set.push(node);
    const cells = intAt(isFirst ? pool.first : pool.plain, node);
    const closing = intAt(isFirst ? pool.both : pool.last, node);
    missing -= missing - cells <= 0 ? closing : cells;
  }
  return {set, isComplete: missing <= 0 && set.length > 0};
}

/** The order "sorted": largest capacity first, ties in their present order. */
export function byCapacity(
  {plain, count}: PlanningPool,
  order: readonly number[] = Array.from({length: count}, (_, node) => node),
): readonly number[] {
  return order.toSorted((a, b) => intAt(plain, b) - intAt(plain, a));
}
