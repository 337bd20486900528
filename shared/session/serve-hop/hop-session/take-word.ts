import {unreachable} from '#shared/base/assert.ts';
import {kvTokensOf} from '#shared/protocol/control/open-session.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import {closeSession, endSession, loseChain} from './end-session.ts';
import type {SessionAction, SessionStep} from './hop-action.ts';
import type {HopContext} from './hop-context.ts';
import type {SessionWord} from './hop-event.ts';
import {addressOf, mayCommand, upstreamHop, type HopPlace} from './hop-place.ts';
import {sendStates} from './serve-frames.ts';
import {cacheAt, type OpenState} from './session-state.ts';

/** A message about a session that is open here. */
export function takeWord(state: OpenState, word: SessionWord, context: HopContext): SessionStep {
  const {place} = state;
  const {from, epoch, message, nowMs} = word;
  // About an abandoned chain: nobody's fault.
  if (epoch < place.epoch) return {state, actions: []};
  const isHeard = isUpward(message) ? from === place.downstream : mayCommand(place, from);
  if (!isHeard) return misaddressed(state);
  switch (message.kind) {
    case 'close-session':
      return closeSession(state, {message, nowMs}, context);
    case 'session-failed':
      return loseChain(state, {blame: message, nowMs}, context);
    case 'kept-from':
      return epoch === place.epoch
        ? {state, actions: [tellUp(place, message)]}
        : misaddressed(state);
    case 'truncate':
      return truncate(state, message);
    case 'replay-from':
      return replay(state, message, context);
    case 'session-ready':
    case 'session-served':
      return misaddressed(state);
    default:
      return unreachable(message);
  }
}

function isUpward({kind}: Message): boolean {
  return kind === 'session-failed' || kind === 'kept-from';
}

function misaddressed(state: OpenState): SessionStep {
  return {state, actions: [{kind: 'count', code: 'MISADDRESSED'}]};
}

/** Goes on from a position that the cache holds, in a higher epoch. */
function truncate(
  state: OpenState,
  message: Extract<Message, {readonly kind: 'truncate'}>,
): SessionStep {
  const {epoch, position} = message;
  if (epoch === state.place.epoch) return {state, actions: []};
  const canTruncate = state.kind === 'serving' || state.kind === 'stalled';
  if (!canTruncate || position > state.cache.position) {
    return endSession(state, {code: 'OUT_OF_ORDER'});
  }
  const place = {...state.place, epoch};
  return {
    state: {
      kind: 'serving',
      place,
      cache: cacheAt(state.cache, position),
      nextPosition: position,
      sendFrom: position,
      mask: null,
      unguided: null,
    },
    actions: [
      {kind: 'drop-steps', place},
      {kind: 'truncate', place, position},
      ...passDown(place, message),
    ],
  };
}

/**
 * The next hop needs input from a position on: kept states go again, and nothing before it. Asked for a
 * position for which it has no room, a hop says how far it has come.
 */
function replay(
  state: OpenState,
  message: Extract<Message, {readonly kind: 'replay-from'}>,
  {limits: {replayBytes}, hiddenSize}: HopContext,
): SessionStep {
  const {place, cache} = state;
  const {epoch, hopIndex, position} = message;
  if (epoch > place.epoch) return endSession(state, {code: 'OUT_OF_ORDER'});
  if (hopIndex > place.open.hopIndex) return {state, actions: passDown(place, message)};
  if (hopIndex < place.open.hopIndex || place.isTail) return misaddressed(state);
  if (state.kind !== 'serving') return {state, actions: []};
  if (position > kvTokensOf(place.open)) {
    const reached = {kind: 'kept-from', epoch, hopIndex, position: cache.position} as const;
    return {state, actions: [tellUp(place, reached)]};
  }
  const keptFrom = cache.kept[0]?.position ?? cache.position;
  if (position < Math.min(keptFrom, cache.position)) {
    const answer = {kind: 'kept-from', epoch, hopIndex, position: keptFrom} as const;
    return {
      state: {kind: 'stalled', place, cache},
      actions: [{kind: 'drop-steps', place}, tellUp(place, answer)],
    };
  }
  const serving = {...state, sendFrom: position};
  const replayTokens = Math.max(1, Math.floor(replayBytes / (2 * hiddenSize)));
  const again = {sample: false, verify: false, replayTokens};
  return {state: serving, actions: sendStates(serving, cache.kept, again)};
}

function tellUp(place: HopPlace, message: Message): SessionAction {
  return {kind: 'tell', to: place.upstream, address: addressOf(place, upstreamHop(place)), message};
}

function passDown(place: HopPlace, message: Message): readonly SessionAction[] {
  const {downstream, open} = place;
  if (downstream === null) return [];
  return [{kind: 'tell', to: downstream, address: addressOf(place, open.hopIndex + 1), message}];
}
