import {Heap} from './heap.ts';

/** How early two neighbours merge, the least first; `null` when they do not. */
type RankOf = (left: string, right: string) => number | null;

type Pair = {
  readonly rank: number;
  /** Index of the left symbol. */
  readonly left: number;
  readonly right: number;
  readonly merged: string;
};

const NONE = -1;

/**
 * Merges neighbouring symbols, each time the pair of the least rank, of those the leftmost, until
 * none has one. The core of BPE (rank: the place of the merge in its list) and of SentencePiece by
 * score (rank: the score of the token that it makes, the highest first). O(n log n).
 */
export function mergeSymbols(symbols: readonly string[], rankOf: RankOf): readonly string[] {
  // Of what was merged into its left neighbour, the text is empty.
  const texts = [...symbols];
  const next = texts.map((_, index) => (index + 1 < texts.length ? index + 1 : NONE));
  const previous = texts.map((_, index) => index - 1);
  const pairs = new Heap<Pair>((a, b) => a.rank - b.rank || a.left - b.left);
  const offer = (left: number, right: number): void => {
    const [leftText, rightText] = [texts[left], texts[right]];
    if (leftText === undefined || rightText === undefined) return;
    const rank = rankOf(leftText, rightText);
    if (rank !== null) pairs.push({rank, left, right, merged: leftText + rightText});
  };
  for (let left = 0; left + 1 < texts.length; left += 1) offer(left, left + 1);
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const {left, right, merged} = pair;
    // One of the two was merged since: the pair is no more.
    if (!texts[left] || !texts[right] || texts[left] + texts[right] !== merged) continue;
    texts[left] = merged;
    texts[right] = '';
    const after = next[right] ?? NONE;
    next[left] = after;
    if (after !== NONE) previous[after] = left;
    offer(previous[left] ?? NONE, left);
    offer(left, after);
  }
  return texts.filter((text) => text !== '');
}
