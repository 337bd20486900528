import type {PeerId, SessionId} from '#shared/base/ids.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import {kvTokensOf, type OpenSession} from '#shared/protocol/control/open-session.ts';
import {CLIENT_HOP} from '#shared/protocol/frame/frame.ts';
import type {SessionAction, SessionStep} from './hop-action.ts';
import {addressOf, headOf, hopPlace, type HopPlace} from './hop-place.ts';
import {cacheAt, type OpenState, type SessionCache, type SessionState} from './session-state.ts';

/** A session that is new here. The opening was checked. */
export function openSession(opening: {
  readonly sessionId: SessionId;
  readonly from: PeerId;
  readonly open: OpenSession;
}): SessionStep {
  return reserve(hopPlace(opening), {position: 0, kept: []});
}

/**
 * Another chain takes the session over. It begins at the lesser of what the client believes
 * this hop to hold and what it holds; other layers have nothing in common with the cache.
 */
export function resumeSession(
  state: OpenState,
  {from, open}: {readonly from: PeerId; readonly open: OpenSession},
): SessionStep {
  const {sessionId, range} = state.place;
  const place = hopPlace({sessionId, from, open});
  const {startLayer, endLayer} = place.range;
  const isSameRange = startLayer === range.startLayer && endLayer === range.endLayer;
  const warmPosition = open.hops[open.hopIndex]?.warmPosition ?? 0;
  const position = isSameRange ? Math.min(warmPosition, state.cache.position) : 0;
  const step = reserve(place, cacheAt(state.cache, position));
  return {...step, actions: [{kind: 'drop-steps', place}, ...step.actions]};
}

function reserve(place: HopPlace, cache: SessionCache): SessionStep {
  const kvTokens = kvTokensOf(place.open);
  return {
    state: {kind: 'reserving', place, cache},
    actions: [{kind: 'reserve', place, kvTokens, position: cache.position}],
  };
}

/** The opening goes to the next hop; at the tail the ring closes and the client may begin. */
export function linkSession(place: HopPlace, cache: SessionCache): SessionStep {
  return {state: {kind: 'linking', place, cache}, actions: [link(place, cache.position)]};
}

function link(place: HopPlace, position: number): SessionAction {
  const {open, downstream} = place;
  const hops = open.hops.map((hop, at) =>
    at === open.hopIndex ? {...hop, warmPosition: position} : hop,
  );
  if (downstream !== null) {
    const hopIndex = open.hopIndex + 1;
    const message: Message = {...open, hopIndex, hops};
    const address = addressOf(place, hopIndex);
    const next = {peers: [downstream], visitors: [], to: downstream};
    return {kind: 'link', place, ...next, address, message};
  }
  const inputFrom = hops.map(({warmPosition}) => warmPosition);
  return {
    kind: 'link',
    place,
    peers: [headOf(place)],
    // It has a link to both ends before it opens a session.
    visitors: [open.clientId],
    to: open.clientId,
    address: addressOf(place, CLIENT_HOP),
    message: {kind: 'session-ready', inputFrom},
  };
}

/** The opening is passed on: frames may come. */
export function serveSession(place: HopPlace, cache: SessionCache): SessionState {
  const {hops, hopIndex} = place.open;
  const {position} = cache;
  const sendFrom = hops[hopIndex + 1]?.warmPosition ?? position;
  return {
    kind: 'serving',
    place,
    cache,
    nextPosition: position,
    sendFrom,
    mask: null,
    unguided: null,
  };
}
