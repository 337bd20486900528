import type {NextRandom} from '../seeded-choice.ts';
import {intAt} from '../table-access.ts';
import {addSessions, chargeWaiting, type NodeCosts} from './node-costs.ts';
import type {RouteIndex} from './route-index.ts';
import {hopsOf, searchChains, type FoundChain} from './search-chains.ts';

/** At most this many searches for all guessed sessions together: each places a share of them. */
const ROUNDS = 12;
/** How much slower than the best a chain may be to be guessed in the same round. */
const ROUND_TOLERANCE = 1.03;
/** Places per unseen session from which a client draws its own: more places, fewer collisions. */
const PLACES_PER_SESSION = 3;

export type UnseenInput = {
  readonly index: RouteIndex;
  readonly costs: NodeCosts;
  readonly idleMs: number;
  readonly random: NextRandom;
  readonly unseenSessions: number;
};

/**
 * Adds the work of sessions that other clients have opened and no record shows.
 *
 * All clients see the same swarm and would choose the same chain. So each
 * supposes that some sessions came before its own, any number of them equally
 * likely, and that they went where it would have sent them one after the other:
 * clients that do not know each other then spread like one client that places
 * them all, but for chance. Not in the paper, whose one scheduler knows what it
 * has placed. Changes `costs.workMs`. O(ROUNDS × search).
 */
export function guessUnseen({index, costs, idleMs, random, unseenSessions}: UnseenInput): void {
  let before = Math.floor(random() * (PLACES_PER_SESSION * unseenSessions + 1));
  const perRound = Math.ceil(before / ROUNDS);
  while (before > 0) {
    chargeWaiting(costs, idleMs);
    const chains = disjoint(searchChains(index, costs, ROUND_TOLERANCE), index);
    if (chains.length === 0) return;
    const count = Math.min(Math.max(chains.length, perRound), before);
    for (const [k, chain] of chains.entries()) {
      const sessions = Math.ceil((count - k) / chains.length);
      if (sessions > 0) addSessions(costs, index.snapshot, {hops: hopsOf(chain, index), sessions});
    }
    before -= count;
  }
}

/** The best chains of which no two share a node. */
function disjoint(bestFirst: readonly FoundChain[], {nodeOf}: RouteIndex): readonly FoundChain[] {
  const used = new Set<number>();
  return bestFirst.filter(({stands}) => {
    if (stands.some((stand) => used.has(intAt(nodeOf, stand)))) return false;
    for (const stand of stands) used.add(intAt(nodeOf, stand));
    return true;
  });
}
