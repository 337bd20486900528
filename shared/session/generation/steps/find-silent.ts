import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import {tokenCountOf, type GenerationState, type ServedState} from '../state/generation-state.ts';
import type {Refusal} from '../state/refusal.ts';
import {loseChain} from './lose-chain.ts';

/** How long a hop has to say how far it is. */
const REPLY_MS = 3_000;

type Searching = Extract<GenerationState, {readonly kind: 'searching'}>;

/**
 * A chain gave nothing for too long. While tokens go round, its other hops are worth keeping: every hop
 * but the tail is asked to replay from beyond what it has room for, and answers how far it has come.
 */
export function loseSilentChain(state: ServedState, nowMs: number): GenerationStep {
  const {answer, hops, stepMs} = state;
  if (state.kind !== 'decoding') {
    return loseChain(state, {code: 'SESSION_EXPIRED', peerId: null}, nowMs);
  }
  const asked = hops.slice(0, -1);
  const reached = asked.map(() => null);
  if (asked.length === 0) return nameSilent({...state, kind: 'searching', reached}, nowMs);
  const {epoch, task} = answer;
  // The last token of an answer is never fed back: no cache has a place for it.
  const position = task.promptTokenIds.length + task.maxNewTokens;
  return {
    state: {kind: 'searching', answer, hops, stepMs, reached, dueMs: nowMs + REPLY_MS},
    actions: asked.map((_, hopIndex) => ({kind: 'replay', epoch, hopIndex, position})),
  };
}

/** A hop has answered that its cache ends at `position`. */
export function takeReached(
  state: Searching,
  {
    hopIndex,
    position,
    nowMs,
  }: {readonly hopIndex: number; readonly position: number; readonly nowMs: number},
): GenerationStep {
  const reached = state.reached.map((known, at) => (at === hopIndex ? position : known));
  const next = {...state, reached};
  return reached.includes(null) ? {state: next, actions: []} : nameSilent(next, nowMs);
}

/** All have answered who will. */
export function nameSilent(state: Searching, nowMs: number): GenerationStep {
  return loseChain(state, refusalOf(state), nowMs);
}

/** The first hop that does not answer, or has not run what the one in front of it has; if none, the tail. */
function refusalOf({answer, hops, reached}: Searching): Refusal {
  const goal = tokenCountOf(answer);
  const first = reached.findIndex((position) => position === null || position < goal);
  const at = first === -1 ? hops.length - 1 : first;
  const code = 'SESSION_EXPIRED';
  const peerId = hops[at]?.peerId ?? null;
  // The client is linked to the head, and so has heard from itself that it is silent; of others the head says so,
  // and that the head got no token is what the head says of the tail.
  const witness = witnessOf(hops, {at, isMute: reached[at] === null});
  return witness === undefined ? {code, peerId} : {code, peerId, reportedBy: witness.peerId};
}

function witnessOf(
  hops: readonly Hop[],
  {at, isMute}: {readonly at: number; readonly isMute: boolean},
): Hop | undefined {
  if (at > 0) return hops[0];
  return isMute || hops.length === 1 ? undefined : hops.at(-1);
}
