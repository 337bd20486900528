import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import type {Answer} from '../state/generation-state.ts';

/** The opening goes down a chain, in an epoch of its own. */
export function openChain(
  answer: Answer,
  {
    hops,
    warmPositions,
    nowMs,
  }: {
    readonly hops: readonly Hop[];
    readonly warmPositions: readonly number[];
    readonly nowMs: number;
  },
): GenerationStep {
  const epoch = answer.epoch + 1;
  const keep = answer.task.limits.afterLoss === 'recover' ? 'after-loss' : 'nothing';
  return {
    state: {kind: 'opening', answer: {...answer, epoch}, hops, warmPositions, heardMs: nowMs},
    actions: [{kind: 'open', epoch, hops, warmPositions, keep}],
  };
}
