import {intAt} from '../../table-access.ts';
import {chargeWaiting} from './charge-waiting.ts';
import {addSessions, type NodeCosts} from '../node-costs.ts';
import type {RouteIndex} from '../route-index.ts';
import {hopsOf, searchChains, type FoundChain} from '../search-chains.ts';

/** How much slower than the best a chain may be to be given a session in the same round. */
const ROUND_TOLERANCE = 1.2;

export type PlacingRound = {
  readonly index: RouteIndex;
  readonly costs: NodeCosts;
  readonly idleMs: number;
  readonly busyMs: number;
  /** So many are placed, one for each chain found if that is more, but never above `most`. */
  readonly sessions: number;
  readonly most: number;
};

/**
 * Places sessions as one client would that opens them one after the other, some at once: on
 * chains that are nearly the best and share no node. Changes `costs.workMs`. One search.
 *
 * @returns how many were placed; 0 when there is no chain.
 */
export function placeSessions({index, costs, sessions, most, ...scale}: PlacingRound): number {
  chargeWaiting(costs, scale);
  const chains = disjoint(searchChains(index, costs, ROUND_TOLERANCE), index);
  if (chains.length === 0) return 0;
  const count = Math.min(Math.max(chains.length, sessions), most);
  for (const [k, chain] of chains.entries()) {
    const share = Math.ceil((count - k) / chains.length);
    if (share > 0)
      addSessions(costs, index.snapshot, {hops: hopsOf(chain, index), sessions: share});
  }
  return count;
}

/** The best chains of which no two share a node. */
function disjoint(bestFirst: readonly FoundChain[], {nodeOf}: RouteIndex): readonly FoundChain[] {
  const used = new Set<number>();
  return bestFirst.filter(({holdings}) => {
    if (holdings.some((holding) => used.has(intAt(nodeOf, holding)))) return false;
    for (const holding of holdings) used.add(intAt(nodeOf, holding));
    return true;
  });
}
