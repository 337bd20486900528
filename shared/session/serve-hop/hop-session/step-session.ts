import {unreachable} from '#shared/base/assert.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {endSession, freeSession, loseChain} from './end-session.ts';
import type {SessionStep} from './hop-action.ts';
import type {HopContext} from './hop-context.ts';
import type {SessionEvent} from './hop-event.ts';
import {dependsOn, hopIndexOf} from './hop-place.ts';
import {linkSession, resumeSession, serveSession} from './open-session.ts';
import {takeFrame, takeOutput} from './serve-frames.ts';
import {cacheAt, type OpenState, type SessionState} from './session-state.ts';
import {takeMask} from './take-mask.ts';
import {takeWord} from './take-word.ts';

/**
 * What the engine was given is at fault: numbers that overflow in honest layers came from the hop
 * before. At the head it is the hop itself: token ids cannot be such numbers.
 */
const INPUT_CODES: ReadonlySet<RefusalCode> = new Set(['BAD_PAYLOAD', 'OUT_OF_ORDER']);

/** A link to a neighbour is at fault, and the cache here is as good as before. */
const LINK_CODES: ReadonlySet<RefusalCode> = new Set([
  'PEER_LEFT',
  'PEER_UNREACHABLE',
  'ONLY_RELAYED_PATH',
]);

/**
 * The next state of one session and what to do about it. Pure: no clock, no socket, no GPU.
 *
 * reserving ──reserved──▶ linking ──linked──▶ serving ──frame, truncate, replay──▶ serving
 * serving ──kept too little──▶ stalled · serving ──neighbour lost, kept end──▶ waiting
 * any ──resume──▶ reserving · any ──close, end──▶ closed
 *
 * What comes in a lower epoch was under way when the chain changed: it is dropped
 * without a word and never held against its sender.
 */
export function stepSession(
  state: SessionState,
  event: SessionEvent,
  context: HopContext,
): SessionStep {
  if (state.kind === 'closed') return {state, actions: []};
  switch (event.kind) {
    case 'resume':
      return resumeSession(state, event);
    case 'reserved':
    case 'linked':
      return goOnOpening(state, event);
    case 'broken':
      return breakSession(state, event, context);
    case 'frame':
      return readerOf(event)(state, event, context);
    case 'ran':
      return takeOutput(state, event, context);
    case 'word':
      return takeWord(state, event, context);
    case 'peer-left':
      return leavePeer(state, event, context);
    case 'give-up':
      return giveUp(state);
    case 'end':
      return endSession(state, event);
    default:
      return unreachable(event);
  }
}

const readerOf = ({frame}: Extract<SessionEvent, {readonly kind: 'frame'}>): typeof takeFrame =>
  frame.kind === 'mask' ? takeMask : takeFrame;

function goOnOpening(
  state: OpenState,
  event: Extract<SessionEvent, {readonly kind: 'reserved' | 'linked'}>,
): SessionStep {
  const {place, cache} = state;
  if (event.epoch === place.epoch) {
    if (state.kind === 'reserving' && event.kind === 'reserved') {
      return linkSession(place, cacheAt(cache, event.position));
    }
    if (state.kind === 'linking' && event.kind === 'linked') {
      return {state: serveSession(place, cache), actions: []};
    }
  }
  return {state, actions: []};
}

function giveUp(state: OpenState): SessionStep {
  if (state.kind !== 'waiting') return {state, actions: []};
  return freeSession(state.place, {kind: 'close-session', reason: 'failed'});
}

function breakSession(
  state: OpenState,
  {epoch, code, nowMs}: Extract<SessionEvent, {readonly kind: 'broken'}>,
  context: HopContext,
): SessionStep {
  if (epoch !== state.place.epoch || state.kind === 'waiting') return {state, actions: []};
  const {hopIndex} = state.place.open;
  if (INPUT_CODES.has(code)) return endSession(state, {code, hopIndex: Math.max(0, hopIndex - 1)});
  if (!LINK_CODES.has(code)) return endSession(state, {code});
  return counted(code, loseChain(state, {blame: {code, hopIndex}, nowMs}, context));
}

function leavePeer(
  state: OpenState,
  {peerId, nowMs}: Extract<SessionEvent, {readonly kind: 'peer-left'}>,
  context: HopContext,
): SessionStep {
  const {place, cache} = state;
  if (!dependsOn(place, peerId, cache.position) || state.kind === 'waiting')
    return {state, actions: []};
  const blame = {code: 'PEER_LEFT', hopIndex: hopIndexOf(place, peerId)} as const;
  return counted('PEER_LEFT', loseChain(state, {blame, nowMs}, context));
}

function counted(code: RefusalCode, {state, actions}: SessionStep): SessionStep {
  return {state, actions: [{kind: 'count', code}, ...actions]};
}
