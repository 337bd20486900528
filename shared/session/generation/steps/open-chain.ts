import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import {dueOfOpening} from './allow-time.ts';
import type {Answer} from '../state/generation-state.ts';

/** The opening goes down a chain, in an epoch of its own. */
export function openChain(
  answer: Answer,
  {
    hops,
    warmPositions,
    stepMs,
    promptTokenMs,
    nowMs,
  }: {
    readonly hops: readonly Hop[];
    readonly warmPositions: readonly number[];
    readonly stepMs: number;
    readonly promptTokenMs: number;
    readonly nowMs: number;
  },
): GenerationStep {
  const epoch = answer.epoch + 1;
  const {slackMs} = answer.task.limits;
  const dueMs = dueOfOpening(hops.length, {slackMs, nowMs});
  return {
    state: {
      kind: 'opening',
      answer: {...answer, epoch},
      hops,
      warmPositions,
      stepMs,
      promptTokenMs,
      dueMs,
    },
    actions: [{kind: 'open', epoch, hops, warmPositions, keep: 'after-loss'}],
  };
}
