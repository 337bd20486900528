import {realAt} from '../table-access.ts';
import type {PlanningPool} from './planning-pool.ts';

/**
 * A short ring through nodes: cheapest insertion, then 2-opt until nothing
 * gains. The link from the last node to the first counts as any other. O(m²)
 * per round. Parallax orders stages by capacity and never looks at RTT.
 */
export function ringThrough(pool: PlanningPool, members: readonly number[]): number[] {
  const ring = members.slice(0, 3);
  for (const node of members.slice(3)) ring.splice(cheapestPlace(pool, ring, node), 0, node);
  while (reverseOnce(pool, ring));
  return ring;
}

function cheapestPlace({oneWayMs, count}: PlanningPool, ring: readonly number[], node: number) {
  let best = 0;
  let leastMs = Infinity;
  for (let k = 0; k < ring.length; k += 1) {
    const a = ring[k] ?? 0;
    const b = ring[(k + 1) % ring.length] ?? 0;
    const addedMs =
      realAt(oneWayMs, a * count + node) +
      realAt(oneWayMs, node * count + b) -
      realAt(oneWayMs, a * count + b);
    if (addedMs < leastMs) {
      leastMs = addedMs;
      best = k + 1;
    }
  }
  return best;
}

/** Reverses the first stretch whose reversal shortens the ring; false when none does. */
function reverseOnce({oneWayMs, count}: PlanningPool, ring: number[]): boolean {
  const size = ring.length;
  for (let i = 0; i < size - 1; i += 1) {
    for (let j = i + 2; j < size; j += 1) {
      const a = ring[i] ?? 0;
      const b = ring[i + 1] ?? 0;
      const c = ring[j] ?? 0;
      const d = ring[(j + 1) % size] ?? 0;
      const gainMs =
        realAt(oneWayMs, a * count + b) +
        realAt(oneWayMs, c * count + d) -
        realAt(oneWayMs, a * count + c) -
        realAt(oneWayMs, b * count + d);
      if (gainMs <= 1e-9) continue;
      const turned = ring.slice(i + 1, j + 1).toReversed();
      ring.splice(i + 1, turned.length, ...turned);
      return true;
    }
  }
  return false;
}
