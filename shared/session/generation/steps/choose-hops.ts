import type {PeerId} from '#shared/base/ids.ts';
import {fewestAtFault, likelyAtFault} from '../state/doubt.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import type {Answer} from '../state/generation-state.ts';

/** Asks phase 2 for a chain. */
export function chooseHops(answer: Answer): GenerationStep {
  return chooseWithout(answer, doubtedBy(answer));
}

function chooseWithout(answer: Answer, doubted: readonly PeerId[]): GenerationStep {
  const {warm, ran, epoch} = answer;
  const avoid = new Set([...answer.avoid, ...answer.liars, ...doubted]);
  return {
    state: {kind: 'choosing', answer},
    actions: [{kind: 'choose-chain', avoid, warm, ran, epoch: epoch + 1}],
  };
}

function doubtedBy({doubts, needed}: Answer): readonly PeerId[] {
  return needed.length === 0 ? likelyAtFault(doubts) : (fewestAtFault(doubts, needed) ?? []);
}

/**
 * Asks phase 2 once more, with some of those who are doubted: there is no chain without them.
 *
 * @returns `null` when there is none without whoever may be at fault.
 */
export function chooseWithFewerDoubts(answer: Answer): GenerationStep | null {
  const needed = [...answer.needed, doubtedBy(answer)];
  const doubted = fewestAtFault(answer.doubts, needed);
  return doubted === null ? null : chooseWithout({...answer, needed}, doubted);
}

/** After a while, those who were full may have room, and those who were gone may be back. Who lied has lied. */
export function withNewHope(answer: Answer): Answer {
  return {...answer, avoid: new Set(), doubts: [], needed: []};
}
