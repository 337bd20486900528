import type {PeerId} from '#shared/base/ids.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import type {GenerationState, ServedState} from '../state/generation-state.ts';
import type {Refusal} from '../state/refusal.ts';
import {dueOfToken, dueWithoutHead} from './allow-time.ts';
import {reportFault} from './blame-hop.ts';
import {loseChain} from './lose-chain.ts';

type Decoding = Extract<GenerationState, {readonly kind: 'decoding'}>;

/**
 * The client's link to head or tail is lost. While tokens go round they come from the tail, and go back to the head
 * from there: a chain whose head only the client does not reach goes on as long as it delivers.
 */
export function loseEnd(state: ServedState, refusal: Refusal, nowMs: number): GenerationStep {
  const {hops} = state;
  const peerId = hops.length > 1 ? hops[0]?.peerId : undefined;
  // A head that has closed its link was there to do so, and is about to leave.
  const mayDeliver = refusal.code === 'PEER_UNREACHABLE' && refusal.peerId === peerId;
  if (state.kind !== 'decoding' || !mayDeliver || peerId === undefined) {
    return loseChain(state, refusal, nowMs);
  }
  const dueMs = dueWithoutHead(state);
  if (nowMs >= dueMs) return loseChain(state, refusal, nowMs);
  // Other answers begin without it.
  const report = reportFault({kind: 'certain', peerId}, refusal);
  const actions = [...report, {kind: 'reach', peerId} as const];
  return {state: {...state, headLost: refusal, dueMs}, actions};
}

/** A peer answers the client again: if it is the head that did not, all is as before. */
export function afterHeadReached(
  state: GenerationState,
  {peerId, nowMs}: {readonly peerId: PeerId; readonly nowMs: number},
): GenerationState {
  if (state.kind !== 'decoding' || state.headLost?.peerId !== peerId) return state;
  return {...state, headLost: null, dueMs: patientDueOf(state, nowMs)};
}

function patientDueOf({stepMs, answer}: Decoding, nowMs: number): number {
  return dueOfToken(Infinity, {stepMs, slackMs: answer.task.limits.slackMs, nowMs});
}
