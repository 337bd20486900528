import {idleCosts} from '../node-costs.ts';
import type {RouteIndex} from '../route-index.ts';
import {searchChains} from '../search-chains.ts';

const known = new WeakMap<RouteIndex, number>();

/**
 * The step time, ms, of the best chain while nobody is there: the scale on which waiting is long
 * or short. Worked out once for all snapshots that differ in load only. One search.
 */
export function idleStepMs(index: RouteIndex): number {
  const before = known.get(index);
  if (before !== undefined) return before;
  const stepMs = searchChains(index, idleCosts(index.snapshot), 1)[0]?.loadedMs ?? 1;
  known.set(index, stepMs);
  return stepMs;
}
