import {intAt, realAt} from '../../table-access.ts';
import type {PlanningPool} from '../planning-pool.ts';

/** Above this a reversal is a gain and not a rounding error. */
const LEAST_GAIN_MS = 1e-9;

/** Links compared by one call at most: enough for any ring of 60 nodes, and a bound for those of 1,000. */
const LINKS_COMPARED = 250_000;

/**
 * Shortens the ring through `ring[0 … size)`, the link from the last node to
 * the first counted as any other: 2-opt until nothing gains (Croes, 1958)
 * or the budget is spent. O(m²) per reversal. Parallax orders stages by capacity and never looks at RTT.
 *
 * @returns the length of the ring, one way, in ms.
 */
export function shortenRing(pool: PlanningPool, ring: Int32Array, size: number): number {
  let rounds = size > 3 ? Math.ceil(LINKS_COMPARED / (size * size)) : 0;
  while (rounds > 0 && reverseOnce(pool, ring, size)) rounds -= 1;
  return ringMs(pool, ring, size);
}

export function ringMs({oneWayMs, count}: PlanningPool, ring: Int32Array, size: number): number {
  let ms = 0;
  let before = intAt(ring, size - 1);
  for (let k = 0; k < size; k += 1) {
    const node = intAt(ring, k);
    ms += realAt(oneWayMs, before * count + node);
    before = node;
  }
  return ms;
}

/** Puts a node where it lengthens the ring least. O(m). */
export function insertCheapest(
  {oneWayMs, count}: PlanningPool,
  ring: Int32Array,
  size: number,
  node: number,
): void {
  let place = size;
  let leastMs = Infinity;
  let before = size === 0 ? node : intAt(ring, size - 1);
  for (let k = 0; k < size; k += 1) {
    const next = intAt(ring, k);
    const addedMs =
      realAt(oneWayMs, before * count + node) +
      realAt(oneWayMs, node * count + next) -
      realAt(oneWayMs, before * count + next);
    if (addedMs < leastMs) {
      leastMs = addedMs;
      place = k;
    }
    before = next;
  }
  for (let k = size; k > place; k -= 1) ring[k] = intAt(ring, k - 1);
  ring[place] = node;
}

/** Reverses the first stretch whose reversal shortens the ring; false when none does. */
function reverseOnce({oneWayMs, count}: PlanningPool, ring: Int32Array, size: number): boolean {
  for (let i = 0; i < size - 2; i += 1) {
    const a = intAt(ring, i);
    const b = intAt(ring, i + 1);
    const abMs = realAt(oneWayMs, a * count + b);
    for (let j = i + 2; j < size; j += 1) {
      const c = intAt(ring, j);
      const d = intAt(ring, j + 1 === size ? 0 : j + 1);
      const gainMs =
        abMs +
        realAt(oneWayMs, c * count + d) -
        realAt(oneWayMs, a * count + c) -
        realAt(oneWayMs, b * count + d);
      if (gainMs <= LEAST_GAIN_MS) continue;
      ring.subarray(i + 1, j + 1).reverse();
      return true;
    }
  }
  return false;
}
