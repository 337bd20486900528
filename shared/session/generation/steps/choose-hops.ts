import type {PeerId} from '#shared/base/ids.ts';
import {fewestAtFault, likelyAtFault} from '../state/doubt.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import type {Answer} from '../state/generation-state.ts';

/** Asks phase 2 for a chain. */
export function chooseHops(answer: Answer): GenerationStep {
  const {warm, ran, epoch} = answer;
  return {
    state: {kind: 'choosing', answer},
    actions: [{kind: 'choose-chain', avoid: avoidedBy(answer), warm, ran, epoch: epoch + 1}],
  };
}

function avoidedBy(answer: Answer): ReadonlySet<PeerId> {
  return new Set([...answer.avoid, ...answer.liars, ...doubtedBy(answer)]);
}

function doubtedBy({doubts, needed}: Answer): readonly PeerId[] {
  return needed.length === 0 ? likelyAtFault(doubts) : (fewestAtFault(doubts, needed) ?? []);
}

/**
 * The answer with leave to ask some of those again who are doubted: there is no chain without them.
 *
 * @returns `null` when there is none without whoever may be at fault.
 */
export function withFewerDoubts(answer: Answer): Answer | null {
  const needed = [...answer.needed, doubtedBy(answer)];
  return fewestAtFault(answer.doubts, needed) === null ? null : {...answer, needed};
}

/** After a while, those who were full may have room, and those who were gone may be back. Who lied has lied. */
export function withNewHope(answer: Answer): Answer {
  return {...answer, avoid: new Set(), doubts: [], needed: []};
}
