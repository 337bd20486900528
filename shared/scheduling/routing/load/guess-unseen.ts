import type {NextRandom} from '../../seeded-choice.ts';
import type {NodeCosts} from '../node-costs.ts';
import {placeSessions} from './place-sessions.ts';
import type {LevelOf} from './placed-level.ts';
import type {RouteIndex} from '../route-index.ts';

/** At most this many searches for all guessed sessions together: each places a share of them. */
const ROUNDS = 16;
/** Places per unseen session from which a client draws its own: more places, fewer collisions. */
const PLACES_PER_SESSION = 3;

export type UnseenInput = {
  readonly index: RouteIndex;
  readonly costs: NodeCosts;
  readonly idleMs: number;
  readonly levelOf: LevelOf;
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
export function guessUnseen({random, unseenSessions, levelOf, ...place}: UnseenInput): void {
  let before = Math.floor(random() * (PLACES_PER_SESSION * unseenSessions + 1));
  const sessions = Math.ceil(before / ROUNDS);
  while (before > 0) {
    const busyMs = levelOf(place.costs.workMs);
    const placed = placeSessions({...place, busyMs, sessions, most: before});
    if (placed === 0) return;
    before -= placed;
  }
}
