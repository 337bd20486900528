import {assert} from '#shared/base/assert.ts';
import {kvTokensOf} from '#shared/protocol/control/open-session.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {endSession} from './end-session.ts';
import type {SessionAction, SessionStep} from './hop-action.ts';
import type {HopContext} from './hop-context.ts';
import type {SessionEvent, StepOutput} from './hop-event.ts';
import {headOf, hopIndexOf, isSampledByMask, mayFeed, type HopPlace} from './hop-place.ts';
import {keepStates, packStates, statesFrom, type StatePiece} from './kept-states.ts';
import type {OpenState, Serving, SessionCache} from './session-state.ts';

/** A frame that has come for this hop. */
export function takeFrame(
  state: OpenState,
  {from, frame}: Extract<SessionEvent, {readonly kind: 'frame'}>,
  context: HopContext,
): SessionStep {
  const {place} = state;
  // It was under way when the chain changed.
  if (frame.epoch < place.epoch) return {state, actions: []};
  if (!mayFeed(place, from) || frame.hopIndex !== place.open.hopIndex) {
    return {state, actions: [{kind: 'count', code: 'MISADDRESSED'}]};
  }
  switch (state.kind) {
    case 'reserving':
    case 'linking':
      return endSession(state, {code: 'OUT_OF_ORDER', hopIndex: hopIndexOf(place, from)});
    case 'stalled':
    case 'waiting':
      return {state, actions: []};
    default: {
      const code = refusalOfFrame(state, frame, context);
      if (code === 'UNSUPPORTED') return endSession(state, {code});
      if (code !== null) return endSession(state, {code, hopIndex: hopIndexOf(place, from)});
      return runFrame(state, frame);
    }
  }
}

/** What is sampled by a mask waits for it. */
function runFrame(state: Serving, frame: Frame): SessionStep {
  const {place, mask} = state;
  const nextPosition = frame.position + frame.tokenCount;
  const next = {...state, nextPosition};
  const isMissing = isSampledByMask(place, frame) && mask?.position !== nextPosition;
  if (isMissing) return {state: {...next, unguided: frame}, actions: []};
  return {state: next, actions: [{kind: 'run', place, frame}]};
}

function refusalOfFrame(
  {place, nextPosition, unguided}: Serving,
  frame: Frame,
  {checkPayload}: HopContext,
): RefusalCode | null {
  const {epoch, position, tokenCount} = frame;
  const code = checkPayload(frame, place.isHead);
  if (code !== null) return code;
  // No tail computes the logits of every row yet.
  if (frame.verify && place.isTail) return 'UNSUPPORTED';
  // What comes after a token comes of it.
  const isEarly = unguided !== null;
  if (epoch > place.epoch || position !== nextPosition || isEarly) return 'OUT_OF_ORDER';
  return position + tokenCount > kvTokensOf(place.open) ? 'KV_FULL' : null;
}

/** A step has run: what it gave is kept, and goes where it belongs unless the chain has changed. */
export function takeOutput(
  state: OpenState,
  {frame, output}: Extract<SessionEvent, {readonly kind: 'ran'}>,
  context: HopContext,
): SessionStep {
  const {place} = state;
  if (frame.epoch !== place.epoch || state.kind === 'reserving') return {state, actions: []};
  const {position, tokenCount} = frame;
  const next = {...state, cache: cacheWith(state, {frame, output}, context)};
  if (next.kind !== 'serving') return {state: next, actions: []};
  switch (output.kind) {
    case 'none':
      return {state: next, actions: []};
    case 'hidden': {
      const piece = {position, tokenCount, dtype: output.dtype, bytes: output.bytes};
      return {state: next, actions: sendStates(next, [piece], frame)};
    }
    default: {
      const tokenPosition = position + tokenCount;
      const head = isLastToken(place, tokenPosition, output) ? null : headOf(place);
      return {
        state: next,
        actions: [{kind: 'send-token', place, position: tokenPosition, head}],
      };
    }
  }
}

/** Whether the answer ends with the token that was sampled at `position`. */
export function isLastToken(
  {open: {promptTokens, maxNewTokens}}: HopPlace,
  position: number,
  {isEnd}: Extract<StepOutput, {readonly kind: 'token'}>,
): boolean {
  return isEnd || position - promptTokens + 1 >= maxNewTokens;
}

function cacheWith(
  {place, cache}: OpenState,
  {frame, output}: Pick<Extract<SessionEvent, {readonly kind: 'ran'}>, 'frame' | 'output'>,
  {limits: {keptBytes}, hiddenSize}: HopContext,
): SessionCache {
  const {position, tokenCount} = frame;
  const cached = {position: position + tokenCount, kept: cache.kept};
  if (output.kind !== 'hidden' || place.open.keep === 'nothing') return cached;
  const piece = {position, tokenCount, dtype: output.dtype, bytes: output.bytes};
  return {...cached, kept: keepStates(cache.kept, piece, {keptBytes, hiddenSize})};
}

/** To the next hop what it does not hold. */
export function sendStates(
  {place, sendFrom}: Serving,
  pieces: readonly StatePiece[],
  {
    sample,
    verify,
    replayTokens = 0,
  }: Pick<Frame, 'sample' | 'verify'> & {
    readonly replayTokens?: number;
  },
): readonly SessionAction[] {
  const {downstream} = place;
  assert(downstream !== null, 'only the tail has no next hop');
  return packStates(statesFrom(pieces, sendFrom), replayTokens).map((states) => ({
    kind: 'send-states',
    place,
    to: downstream,
    states,
    sample,
    verify,
  }));
}
