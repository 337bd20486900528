import type {PeerId} from '#shared/base/ids.ts';
import type {Refusal} from './refusal.ts';

/** A chain broke, and which hop is at fault is not certain: at least one of these is. */
export type Doubt = {
  /** The hops that it points at: the one that another blames, or, in silence, every hop. */
  readonly likely: readonly PeerId[];
  /** Through whom the blame came: one of them may have made it up. */
  readonly reporters: readonly PeerId[];
  /** What the likely ones did. */
  readonly refusal: Refusal;
};

/** A hop through which so many others were blamed is as likely to have made it up. */
const MOST_REPORTS = 3;

/** Everybody whom a doubt points at: avoided as long as there are others. */
export function likelyAtFault(doubts: readonly Doubt[]): readonly PeerId[] {
  const reports = countsOf(doubts.flatMap(({reporters}) => reporters));
  const inMany = [...reports].flatMap(([peerId, count]) => (count >= MOST_REPORTS ? [peerId] : []));
  return [...doubts.flatMap(({likely}) => likely), ...inMany];
}

/** Enough for some doubts of long chains; a search beyond it tells no more than waiting would, and takes the page's time. */
const MOST_GUESSES = 500;

/**
 * As few hops as explain every doubt, those in most doubts first: avoided when there is nobody
 * beside all who are likely at fault.
 *
 * @param needed sets of hops without which there is no chain.
 * @returns `null` when whoever could be at fault is needed.
 */
export function fewestAtFault(
  doubts: readonly Doubt[],
  needed: readonly (readonly PeerId[])[],
): readonly PeerId[] | null {
  const counts = countsOf(doubts.flatMap(suspectsOf));
  const order = (a: PeerId, b: PeerId) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0);
  const groups = doubts.map((doubt) => suspectsOf(doubt).toSorted(order));
  let guesses = 0;
  const explain = (guessed: readonly PeerId[], more: number): readonly PeerId[] | null => {
    guesses += 1;
    const isNeeded = needed.some((peers) => peers.every((peerId) => guessed.includes(peerId)));
    if (isNeeded || guesses > MOST_GUESSES) return null;
    const open = groups.find((group) => !group.some((peerId) => guessed.includes(peerId)));
    if (open === undefined) return guessed;
    if (more === 0) return null;
    for (const peerId of open) {
      const found = explain([...guessed, peerId], more - 1);
      if (found !== null) return found;
    }
    return null;
  };
  for (let size = 0; size <= groups.length; size += 1) {
    const found = explain([], size);
    if (found !== null) return found;
  }
  return null;
}

function suspectsOf({likely, reporters}: Doubt): readonly PeerId[] {
  return [...likely, ...reporters];
}

function countsOf(peerIds: readonly PeerId[]): ReadonlyMap<PeerId, number> {
  const counts = new Map<PeerId, number>();
  for (const peerId of peerIds) counts.set(peerId, (counts.get(peerId) ?? 0) + 1);
  return counts;
}
