import type {PeerId} from '#shared/base/ids.ts';
import type {AvoidedWhy} from '#shared/scheduling/routing/chain.ts';
import {fewestAtFault, likelyAtFault} from '../state/doubt.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import type {Answer} from '../state/generation-state.ts';
import {avoidedWhy, isFull, isLost} from '../state/refusal.ts';

/** Asks phase 2 for a chain. */
export function chooseHops(answer: Answer): GenerationStep {
  return chooseWithout(answer, doubtedBy(answer));
}

function chooseWithout(answer: Answer, doubted: readonly PeerId[]): GenerationStep {
  const {warm, ran, epoch, doubts, liars} = answer;
  const avoid = new Map<PeerId, AvoidedWhy>();
  for (const peerId of doubted) {
    const doubt = doubts.find(({likely}) => likely.includes(peerId));
    // Who is in no doubt itself may have made up what it reported of so many others.
    avoid.set(peerId, doubt === undefined ? 'distrusted' : avoidedWhy(doubt.refusal));
  }
  for (const [peerId, refusal] of answer.avoid) avoid.set(peerId, avoidedWhy(refusal));
  for (const peerId of liars) avoid.set(peerId, 'distrusted');
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

/** Asks phase 2 again after a while: those who were full may have room. Of nobody else anything has changed. */
export function chooseAgain(answer: Answer): GenerationStep {
  const avoid = new Map([...answer.avoid].filter(([, refusal]) => !isFull(refusal)));
  const doubts = answer.doubts.filter(({refusal}) => !isFull(refusal));
  return chooseHops({...answer, avoid, doubts, needed: []});
}

/** There is a link to the peer: it is not gone, whatever others say. */
export function afterReached(answer: Answer, peerId: PeerId): Answer {
  const refusal = answer.avoid.get(peerId);
  const doubts = answer.doubts.filter(
    (doubt) => !(isLost(doubt.refusal) && doubt.likely.includes(peerId)),
  );
  const avoid = new Map(answer.avoid);
  if (refusal !== undefined && isLost(refusal)) avoid.delete(peerId);
  return {...answer, avoid, doubts, needed: []};
}

/**
 * The peer has published another record: what it refused it may do now, and what others reported of it may be over.
 * But a record says nothing of the way to its peer: whom this client could not reach, it looks for again, and
 * chooses once there is a link.
 */
export function afterRenewed(answer: Answer, peerId: PeerId): Answer {
  const sought = new Set(answer.sought);
  sought.delete(peerId);
  const avoid = new Map(answer.avoid);
  const refusal = avoid.get(peerId);
  if (refusal?.code === 'PEER_UNREACHABLE' || refusal?.code === 'ONLY_RELAYED_PATH') {
    avoid.set(peerId, {...refusal, hasPublished: true});
    return {...answer, sought, avoid};
  }
  avoid.delete(peerId);
  const doubts = answer.doubts.filter(({likely}) => !likely.includes(peerId));
  return {...answer, sought, avoid, doubts, needed: []};
}

/** Peers that are lost to this client, or are so by the word of others, and that it has not looked for since. */
export function toBeSought({avoid, doubts, sought}: Answer): readonly PeerId[] {
  const lost = [...avoid].flatMap(([peerId, refusal]) => (isLost(refusal) ? [peerId] : []));
  const reported = doubts.flatMap(({likely, refusal}) => (isLost(refusal) ? likely : []));
  return [...new Set([...lost, ...reported])].filter((peerId) => !sought.has(peerId));
}
