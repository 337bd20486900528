import type {PeerId, SessionId} from '#shared/base/ids.ts';
import {kvTokensOf} from '#shared/protocol/control/open-session.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {HopLimits} from './hop-session/hop-context.ts';
import type {HopPlace} from './hop-session/hop-place.ts';
import type {OpenState} from './hop-session/session-state.ts';

/** The largest part of the sessions and of the cache of a hop that one client gets; the rest is for others. */
const MOST_PART = 3 / 4;

type Sessions = ReadonlyMap<SessionId, OpenState>;
type CountedBy = (place: HopPlace) => PeerId;

/**
 * The peer that the session is for. Head and tail have a link to it; a hop in between has only
 * the word of the hop before it.
 */
const clientOf: CountedBy = ({open}) => open.clientId;
const openerOf: CountedBy = ({upstream}) => upstream;

/** How many sessions one client gets at a hop that takes so many. */
export function mostSessionsOf(maxSessions: number): number {
  return Math.max(1, Math.floor(MOST_PART * maxSessions));
}

/**
 * Why this client gets no further session, or `null`. A single session may be of any length:
 * its deadlines end it.
 */
export function refusalBeyondShare(
  sessions: Sessions,
  place: HopPlace,
  {maxSessions, kvTokens}: HopLimits,
): RefusalCode | null {
  const own = [...sessions.values()].filter(
    // A cache that only waits gives way as soon as its place is wanted.
    (other) => other.kind !== 'waiting' && clientOf(other.place) === clientOf(place),
  );
  if (own.length === 0) return null;
  if (own.length >= mostSessionsOf(maxSessions)) return 'SESSIONS_FULL';
  const reserved = own.reduce((sum, other) => sum + kvTokensOf(other.place.open), 0);
  return reserved + kvTokensOf(place.open) > MOST_PART * kvTokens ? 'KV_FULL' : null;
}

/**
 * The session that gives its place to a new one: the oldest hardly used one of the client that has the
 * most of them, at least two more than the client of the new one. Clients can be made up by the peer that
 * opens, so the same goes for what each peer has opened. `null` when there is no such session.
 *
 * @param hardlyUsed oldest first.
 */
export function beyondShare(hardlyUsed: Sessions, place: HopPlace): SessionId | null {
  for (const by of [clientOf, openerOf]) {
    const counts = new Map<PeerId, number>();
    for (const {place: held} of hardlyUsed.values()) {
      counts.set(by(held), (counts.get(by(held)) ?? 0) + 1);
    }
    const most = Math.max(0, ...counts.values());
    if (most < (counts.get(by(place)) ?? 0) + 2) continue;
    for (const [sessionId, other] of hardlyUsed) {
      if (counts.get(by(other.place)) === most) return sessionId;
    }
  }
  return null;
}

/** The cache that waits to be resumed and has the least time left; `null` when none waits. */
export function oldestWaiting(sessions: Sessions): SessionId | null {
  let oldest: {readonly sessionId: SessionId; readonly untilMs: number} | null = null;
  for (const [sessionId, state] of sessions) {
    if (state.kind !== 'waiting' || state.untilMs >= (oldest?.untilMs ?? Infinity)) continue;
    oldest = {sessionId, untilMs: state.untilMs};
  }
  return oldest?.sessionId ?? null;
}
