import {CLIENT_HOP} from '#shared/protocol/frame/frame.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {CloseSession, SessionAction, SessionStep} from './hop-action.ts';
import type {HopContext} from './hop-context.ts';
import {addressOf, upstreamHop, type HopPlace} from './hop-place.ts';
import type {OpenState} from './session-state.ts';

type Blame = {readonly code: RefusalCode; readonly hopIndex?: number};

/** Ends a session because of what this hop itself saw, and counts it. */
export function endSession({place}: OpenState, {code, hopIndex}: Blame): SessionStep {
  const {state, actions} = failSession(place, {code, hopIndex: hopIndex ?? place.open.hopIndex});
  return {state, actions: [{kind: 'count', code}, ...actions]};
}

/** Frees a session here, tells the client up the chain, and frees the hops down the chain. */
export function failSession(place: HopPlace, blame: Required<Blame>): SessionStep {
  const {state, actions} = freeSession(place, {kind: 'close-session', reason: 'failed'});
  return {state, actions: [...tellOfFailure(place, blame), ...actions]};
}

/** Frees a session here and tells the next hop; up the chain they know. */
export function freeSession(place: HopPlace, message: CloseSession): SessionStep {
  return {
    state: {kind: 'closed', place},
    actions: [
      {kind: 'drop-steps', place},
      {kind: 'pass-close', place, message},
      {kind: 'free', place},
    ],
  };
}

/**
 * The chain is broken at `blame.hopIndex`. A cache that holds something waits to be
 * resumed when the client asked for that; else the session is freed.
 */
export function loseChain(
  state: OpenState,
  {blame, nowMs}: {readonly blame: Required<Blame>; readonly nowMs: number},
  {limits: {keepMs}}: HopContext,
): SessionStep {
  if (state.kind === 'waiting') return {state, actions: []};
  const {place, cache} = state;
  const isKept = place.open.keep !== 'nothing' && canWait(state, keepMs);
  if (!isKept) return failSession(place, blame);
  return {
    state: {kind: 'waiting', place, cache, untilMs: nowMs + keepMs},
    actions: [{kind: 'drop-steps', place}, ...tellOfFailure(place, blame)],
  };
}

/** The end came from the client. */
export function closeSession(
  state: OpenState,
  {message, nowMs}: {readonly message: CloseSession; readonly nowMs: number},
  {limits: {keepMs}}: HopContext,
): SessionStep {
  const {place, cache} = state;
  const isKept =
    message.reason === 'done' && place.open.keep === 'after-end' && canWait(state, keepMs);
  if (!isKept) return freeSession(place, message);
  return {
    state: {kind: 'waiting', place, cache, untilMs: nowMs + keepMs},
    actions: [
      {kind: 'drop-steps', place},
      {kind: 'pass-close', place, message},
    ],
  };
}

/** A cache that holds nothing is no help to anybody. */
function canWait({cache}: OpenState, keepMs: number): boolean {
  return keepMs > 0 && cache.position > 0;
}

function tellOfFailure(
  place: HopPlace,
  {code, hopIndex}: Required<Blame>,
): readonly SessionAction[] {
  const {open, upstream, isHead, isTail} = place;
  const message = {kind: 'session-failed', hopIndex, code} as const;
  const up = {
    kind: 'tell',
    to: upstream,
    address: addressOf(place, upstreamHop(place)),
    message,
  } as const;
  if (!isTail || isHead) return [up];
  return [up, {kind: 'tell', to: open.clientId, address: addressOf(place, CLIENT_HOP), message}];
}
