import {intAt, realAt} from '../../table-access.ts';
import {insertCheapest, ringMs, shortenRing} from './order-stages.ts';
import type {PlanningPool} from '../planning-pool.ts';

/** What a set of nodes costs that cannot hold the model: far above any step, less when nearer. */
export const SHORT_MS = 1e7;
const SHORT_CELL_MS = 1e4;

/** The best way found to make a pipeline of a set of nodes. */
export type Arrangement = {
  /** One decode step; `SHORT_MS` or more when the set cannot hold the model. */
  readonly stepMs: number;
  /** Head first, tail last. */
  readonly order: readonly number[];
};

/**
 * The least step time of a pipeline made of some nodes. Works in place, on
 * arrays made once: a search asks many thousand times.
 */
export class PipelineCost {
  readonly pool: PlanningPool;
  /** The nodes at hand, fastest first. */
  readonly #bySpeed: Int32Array;
  readonly #otherRing: Int32Array;
  /** Time in the layers and hops that no choice of head and tail undercuts. */
  #leastMs = 0;
  #bestMs = 0;
  /** Position on the ring next to which head and tail are. */
  #bestAt = 0;
  #isForwards = true;

  constructor(pool: PlanningPool) {
    this.pool = pool;
    this.#bySpeed = new Int32Array(pool.count);
    this.#otherRing = new Int32Array(4);
  }

  /**
   * Least step time of the nodes `ring[0 … size)`: ring order by link time,
   * head and tail next to each other on it, layers filled fastest first. Puts
   * the nodes into that order. O(m²) for m nodes, O(m) when the layers alone
   * take `limitMs`.
   *
   * @returns the step time, or any lower bound of it that reaches `limitMs`;
   *   `SHORT_MS` or more when the nodes cannot hold the model.
   */
  stepMs(ring: Int32Array, size: number, limitMs: number): number {
    if (size === 1) return this.#aloneMs(intAt(ring, 0));
    this.#sortBySpeed(ring, size);
    this.#leastMs = this.#leastLayersMs(size);
    if (this.#leastMs >= limitMs) return this.#leastMs;
    this.#bestMs = limitMs;
    if (size === 4) this.#tryFour(ring);
    else {
      const linksMs = shortenRing(this.pool, ring, size);
      if (this.#leastMs + linksMs >= limitMs) return this.#leastMs + linksMs;
      this.#tryEnds(ring, size, linksMs);
    }
    return this.#bestMs;
  }

  /** The least step time of nodes in no order, and the order of stages, head first, that reaches it. */
  arrange(nodes: readonly number[]): Arrangement {
    const size = nodes.length;
    const ring = new Int32Array(size);
    for (const [k, node] of nodes.entries()) insertCheapest(this.pool, ring, k, node);
    const stepMs = this.stepMs(ring, size, Infinity);
    if (size < 2) return {stepMs, order: [...ring]};
    const at = this.#bestAt;
    const order = nodes.map((_, k) =>
      intAt(ring, this.#isForwards ? (at + 1 + k) % size : (at - k + size) % size),
    );
    return {stepMs, order};
  }

  #aloneMs(node: number): number {
    const {pool} = this;
    if (pool.holdsAll[node] !== 1) {
      return shortMs(Math.max(1, pool.cellCount - intAt(pool.plain, node)));
    }
    const layersMs = pool.cellCount * realAt(pool.cellMs, node) - realAt(pool.shortTailMs, node);
    return layersMs + realAt(pool.hopMs, node);
  }

  #sortBySpeed(ring: Int32Array, size: number): void {
    const {cellMs} = this.pool;
    const bySpeed = this.#bySpeed;
    for (let k = 0; k < size; k += 1) {
      const node = intAt(ring, k);
      const ms = realAt(cellMs, node);
      let at = k;
      for (; at > 0 && realAt(cellMs, intAt(bySpeed, at - 1)) > ms; at -= 1) {
        bySpeed[at] = intAt(bySpeed, at - 1);
      }
      bySpeed[at] = node;
    }
  }

  /** Time in layers and hops when the ends took no memory; short when even the best ends take too much. */
  #leastLayersMs(size: number): number {
    const {cellCount, cellMs, first, hopMs, last, plain, shortTailMs} = this.pool;
    const bySpeed = this.#bySpeed;
    let rest = cellCount - size;
    let room = 0;
    let headLoss = cellCount;
    let tailLoss = cellCount;
    let ms = -realAt(shortTailMs, intAt(bySpeed, size - 1));
    for (let k = 0; k < size; k += 1) {
      const node = intAt(bySpeed, k);
      const fitting = intAt(plain, node);
      const more = fitting - 1 < rest ? fitting - 1 : rest;
      rest -= more;
      room += fitting;
      ms += (more + 1) * realAt(cellMs, node) + realAt(hopMs, node);
      if (intAt(first, node) > 0) headLoss = Math.min(headLoss, fitting - intAt(first, node));
      if (intAt(last, node) > 0) tailLoss = Math.min(tailLoss, fitting - intAt(last, node));
    }
    const missing = cellCount - room + headLoss + tailLoss;
    return missing > 0 || rest < 0 ? shortMs(Math.max(missing, -rest)) : ms;
  }

  /** Four nodes have three rings, and which ends a ring allows may count for more than its length. */
  #tryFour(ring: Int32Array): void {
    const other = this.#otherRing;
    let tried = ring;
    for (let k = 0; k < 3; k += 1) {
      if (k > 0) {
        // Turning the last three once gives each of the rings in turn, up to direction.
        const turned = intAt(tried, 1);
        other[0] = intAt(tried, 0);
        other[1] = intAt(tried, 2);
        other[2] = intAt(tried, 3);
        other[3] = turned;
        tried = other;
      }
      const wasMs = this.#bestMs;
      this.#tryEnds(tried, 4, ringMs(this.pool, tried, 4));
      if (this.#bestMs < wasMs && k > 0) ring.set(tried);
    }
  }

  /** Every place of head and tail on a ring, both directions. */
  #tryEnds(ring: Int32Array, size: number, linksMs: number): void {
    if (linksMs + this.#leastMs >= this.#bestMs) return;
    const hopsMs = linksMs + this.#hopsMs(size);
    // With two nodes the other place is the other direction.
    const places = size === 2 ? 1 : size;
    for (let k = 0; k < places; k += 1) {
      const a = intAt(ring, k);
      const b = intAt(ring, k + 1 === size ? 0 : k + 1);
      const backwardsMs = hopsMs + this.#fillMs(size, a, b);
      if (backwardsMs < this.#bestMs) this.#keep(k, backwardsMs, false);
      if (this.#areEndsAlike(a) && this.#areEndsAlike(b)) continue;
      const forwardsMs = hopsMs + this.#fillMs(size, b, a);
      if (forwardsMs < this.#bestMs) this.#keep(k, forwardsMs, true);
    }
  }

  /** Whether it is all the same for a node to be head or tail. */
  #areEndsAlike(node: number): boolean {
    const {first, last, shortTailMs} = this.pool;
    return intAt(first, node) === intAt(last, node) && realAt(shortTailMs, node) === 0;
  }

  #hopsMs(size: number): number {
    let ms = 0;
    for (let k = 0; k < size; k += 1) ms += realAt(this.pool.hopMs, intAt(this.#bySpeed, k));
    return ms;
  }

  #keep(at: number, stepMs: number, isForwards: boolean): void {
    this.#bestAt = at;
    this.#bestMs = stepMs;
    this.#isForwards = isForwards;
  }

  /** Time in the layers when each stage has one cell and the fastest stages take the rest. */
  #fillMs(size: number, head: number, tail: number): number {
    const {cellCount, cellMs, first, last, plain, shortTailMs} = this.pool;
    let rest = cellCount - size;
    let ms = -realAt(shortTailMs, tail);
    for (let k = 0; k < size; k += 1) {
      const node = intAt(this.#bySpeed, k);
      const room = intAt(node === head ? first : node === tail ? last : plain, node);
      if (room < 1) return shortMs(1 - room + rest);
      const more = room - 1 < rest ? room - 1 : rest;
      rest -= more;
      ms += (more + 1) * realAt(cellMs, node);
    }
    return rest === 0 ? ms : shortMs(rest < 0 ? -rest : rest);
  }
}

function shortMs(missingCells: number): number {
  return SHORT_MS + missingCells * SHORT_CELL_MS;
}
