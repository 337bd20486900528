import type {PeerId, SessionId} from '#shared/base/ids.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import {kvTokensOf, type OpenSession} from '#shared/protocol/control/open-session.ts';
import type {HopState} from '#shared/session/hop-session.ts';
import {SessionTimes} from './session-times.ts';

/** One answer as this hop serves it: the place in the chain, and the state of the step machine. */
export type ServedSession = {
  readonly sessionId: SessionId;
  readonly epoch: number;
  readonly open: OpenSession;
  readonly range: LayerRange;
  readonly isHead: boolean;
  readonly isTail: boolean;
  /** Who opened the session here: the client for the head, else the hop before. */
  readonly upstream: PeerId;
  /** The hop after, or `null` at the tail. */
  readonly downstream: PeerId | null;
  /** False until this hop has reserved and passed the opening on. */
  ready: boolean;
  state: HopState;
  lastActiveMs: number;
  readonly times: SessionTimes;
  /** Aborted when the session is freed: what it still sends is not sent any more. */
  readonly freed: AbortController;
};

export function createServedSession(input: {
  readonly sessionId: SessionId;
  readonly epoch: number;
  readonly open: OpenSession;
  readonly from: PeerId;
  readonly nowMs: number;
}): ServedSession {
  const {sessionId, epoch, open, from, nowMs} = input;
  const own = open.hops[open.hopIndex];
  if (own === undefined) throw new Error('Broken invariant: the schema checks hopIndex');
  return {
    sessionId,
    epoch,
    open,
    range: {startLayer: own.startLayer, endLayer: own.endLayer},
    isHead: open.hopIndex === 0,
    isTail: open.hopIndex === open.hops.length - 1,
    upstream: from,
    downstream: open.hops[open.hopIndex + 1]?.peerId ?? null,
    ready: false,
    state: {kind: 'open', epoch, kvTokensReserved: kvTokensOf(open), nextPosition: 0},
    lastActiveMs: nowMs,
    times: new SessionTimes(),
    freed: new AbortController(),
  };
}

/** Who may send data frames of this session to this hop. */
export function mayFeed(session: ServedSession, from: PeerId): boolean {
  const tail = session.open.hops.at(-1)?.peerId;
  return from === session.upstream || (session.isHead && from === tail);
}

/** Whether the session cannot go on without `peerId`. */
export function dependsOn(session: ServedSession, peerId: PeerId): boolean {
  if (peerId === session.upstream || peerId === session.downstream) return true;
  const {clientId, hops} = session.open;
  return session.isTail && (peerId === clientId || peerId === hops[0]?.peerId);
}
