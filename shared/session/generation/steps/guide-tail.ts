import type {GenerationStep} from '../state/generation-action.ts';
import {tokenCountOf, type GenerationState} from '../state/generation-state.ts';

/**
 * The tail of a guided answer learns among which tokens it samples the next one as soon as there is a next one: when
 * its chain is ready, and with each token. While the head computes, so does whoever guides.
 */
export function guideTail(before: GenerationState, step: GenerationStep): GenerationStep {
  const {state, actions} = step;
  const {answer} = state;
  if (answer.task.sampling.guided !== true || !isServed(state)) return step;
  const {epoch} = answer;
  const position = tokenCountOf(answer);
  const isKnown =
    isServed(before) && before.answer.epoch === epoch && tokenCountOf(before.answer) === position;
  if (isKnown) return step;
  return {state, actions: [...actions, {kind: 'guide', epoch, hops: state.hops, position}]};
}

function isServed(
  state: GenerationState,
): state is Extract<GenerationState, {readonly kind: 'feeding' | 'decoding' | 'searching'}> {
  return state.kind === 'feeding' || state.kind === 'decoding' || state.kind === 'searching';
}
