import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {GenerationAction, GenerationStep} from '../state/generation-action.ts';
import {
  headLostOf,
  type Answer,
  type FailureReason,
  type GenerationState,
} from '../state/generation-state.ts';

/** How long after its end an answer waits for what its hops measured. */
const SERVED_PATIENCE_MS = 3_000;

type CloseReason = Extract<GenerationAction, {readonly kind: 'close'}>['reason'];

/** The last token is there. */
export function endAsComplete(
  answer: Answer,
  {
    hops,
    isWithoutHead,
    finishReason,
    nowMs,
  }: {
    readonly hops: readonly Hop[];
    /** Whether its head does not answer the client. */
    readonly isWithoutHead: boolean;
    readonly finishReason: 'stop' | 'length';
    readonly nowMs: number;
  },
): GenerationStep {
  // Of an answer that no hop of it is known of, nothing is to come.
  const seen = isWithoutHead ? hops.slice(1) : hops;
  const servedByMs = hops.length === 0 ? null : nowMs + SERVED_PATIENCE_MS;
  return {
    state: {kind: 'complete', answer, hops, servedByMs},
    actions: [
      {kind: 'tell', news: {kind: 'end', finishReason}},
      ...seen.map(({peerId}) => ({kind: 'report', peerId, conduct: {kind: 'finished'}}) as const),
      ...(isWithoutHead ? closeBroken : closeWhole)(answer, hops, 'done'),
    ],
  };
}

/** @param hops of the chain that broke; empty when there was none. */
export function endAsFailed(
  answer: Answer,
  reason: FailureReason,
  hops: readonly Hop[],
): GenerationStep {
  return {
    state: {kind: 'failed', answer, reason},
    actions: closeBroken(answer, hops, 'failed'),
  };
}

/** The reader wants no more. */
export function stopAnswer(state: GenerationState): GenerationStep {
  const {answer} = state;
  const stopped = {kind: 'stopped', answer} as const;
  switch (state.kind) {
    case 'choosing':
    case 'waiting':
      return {state: stopped, actions: closeBroken(answer, [], 'cancelled')};
    case 'opening':
      return {state: stopped, actions: closeBroken(answer, state.hops, 'cancelled')};
    case 'feeding':
    case 'decoding':
    case 'searching':
      if (headLostOf(state) !== null) {
        return {state: stopped, actions: closeBroken(answer, state.hops, 'cancelled')};
      }
      return {state: stopped, actions: closeWhole(answer, state.hops, 'cancelled')};
    case 'complete':
      return {state: stopped, actions: []};
    default:
      return {state, actions: []};
  }
}

/** Frees a chain whose hops still reach each other: its head passes it on. */
export function closeWhole(
  answer: Answer,
  hops: readonly Hop[],
  reason: CloseReason,
): readonly GenerationAction[] {
  return closeAt(answer, hops.slice(0, 1), reason);
}

/** Frees a chain that broke, or did not open: its hops keep their caches after a loss, and hear of it one by one. */
function closeBroken(
  answer: Answer,
  hops: readonly Hop[],
  reason: CloseReason,
): readonly GenerationAction[] {
  return closeAt(answer, [...hops, ...answer.opened], reason);
}

function closeAt(
  {epoch}: Answer,
  hops: readonly Hop[],
  reason: CloseReason,
): readonly GenerationAction[] {
  const at = [...new Set(hops.map(({peerId}) => peerId))];
  return at.length === 0 ? [] : [{kind: 'close', epoch, at, reason}];
}
