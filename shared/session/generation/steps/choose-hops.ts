import type {GenerationStep} from '../state/generation-action.ts';
import type {Answer} from '../state/generation-state.ts';

/** Asks phase 2 for a chain. */
export function chooseHops(answer: Answer): GenerationStep {
  const {avoid, warm, epoch} = answer;
  return {
    state: {kind: 'choosing', answer},
    actions: [{kind: 'choose-chain', avoid, warm, attempt: epoch + 1}],
  };
}
