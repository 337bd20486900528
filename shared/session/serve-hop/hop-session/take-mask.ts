import type {PeerId} from '#shared/base/ids.ts';
import {kvTokensOf} from '#shared/protocol/control/open-session.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {MalformedFrameError} from '#shared/protocol/frame/malformed-frame.ts';
import {decodeTokenMask, type TokenMask} from '#shared/protocol/frame/token-mask.ts';
import {endSession} from './end-session.ts';
import type {SessionStep} from './hop-action.ts';
import type {HopContext} from './hop-context.ts';
import type {HopPlace} from './hop-place.ts';
import type {OpenState, Serving} from './session-state.ts';

/** The client of a guided answer says among which tokens its tail samples the next one. */
export function takeMask(
  state: OpenState,
  {from, frame}: {readonly from: PeerId; readonly frame: Frame},
  {vocabularySize}: HopContext,
): SessionStep {
  const {place} = state;
  // It was under way when the chain changed.
  if (frame.epoch < place.epoch) return {state, actions: []};
  if (!mayGuide(place, from, frame)) {
    return {state, actions: [{kind: 'count', code: 'MISADDRESSED'}]};
  }
  if (state.kind === 'stalled' || state.kind === 'waiting') return {state, actions: []};
  if (state.kind !== 'serving' || frame.epoch > place.epoch || !isNext(state, frame.position)) {
    return endSession(state, {code: 'OUT_OF_ORDER'});
  }
  const allowed = readMask(frame, vocabularySize);
  if (allowed === null) return endSession(state, {code: 'BAD_PAYLOAD'});
  const mask = {position: frame.position, allowed};
  const {unguided} = state;
  return {
    state: {...state, mask, unguided: null},
    actions: unguided === null ? [] : [{kind: 'run', place, frame: unguided}],
  };
}

function mayGuide({open, isTail}: HopPlace, from: PeerId, {hopIndex}: Frame): boolean {
  const isOwn = from === open.clientId && hopIndex === open.hopIndex;
  return isOwn && isTail && open.sampling.guided === true;
}

/** Each token is allowed once, in order; what waits, waits for its own. */
function isNext({place, mask, unguided, nextPosition}: Serving, position: number): boolean {
  if (unguided !== null) return position === nextPosition;
  const isLater = position > (mask?.position ?? nextPosition - 1);
  return isLater && position <= kvTokensOf(place.open);
}

function readMask(frame: Frame, vocabularySize: number): TokenMask | null {
  try {
    return decodeTokenMask(frame, vocabularySize);
  } catch (error) {
    if (error instanceof MalformedFrameError) return null;
    throw error;
  }
}
