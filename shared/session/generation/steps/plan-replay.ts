import type {Piece} from '../state/generation-state.ts';

/** What brings the hops of a chain to the same position. */
export type Replay = {
  /**
   * Hop `hopIndex` sends to the hop after it, out of what it kept, what is missing there from
   * `position` on. The last of the chain comes first: what hops in front of it send goes through it.
   */
  readonly asks: readonly {readonly hopIndex: number; readonly position: number}[];
  /** What the client sends to the head, in this order. */
  readonly pieces: readonly Piece[];
};

/**
 * Who sends what again after a chain was opened.
 *
 * The head gets the token list from the position that it lacks, and each hop passes on what it
 * computes from the position at which the hop after it was believed to be. So a hop is asked when the
 * next one lacks what is not computed again, or holds less than was believed. A chain that
 * is wholly new gets everything through the head.
 *
 * @param inputFrom per hop, the position from which it needs input; each less than `tokenCount`.
 * @param warmPositions what the opening stated for the same hops.
 * @param tokenCount tokens of prompt and answer; the last has been through no hop yet.
 */
export function planReplay({
  inputFrom,
  warmPositions,
  tokenCount,
  pieceTokens,
}: {
  readonly inputFrom: readonly number[];
  readonly warmPositions: readonly number[];
  readonly tokenCount: number;
  readonly pieceTokens: number;
}): Replay {
  const asks = inputFrom
    .flatMap((position, at) => {
      const isLacking = position < (inputFrom[at - 1] ?? 0) || position < (warmPositions[at] ?? 0);
      return at > 0 && isLacking ? [{hopIndex: at - 1, position}] : [];
    })
    .toReversed();
  const pieces: Piece[] = [];
  for (let from = inputFrom[0] ?? 0; from < tokenCount; from += pieceTokens) {
    pieces.push({from, to: Math.min(tokenCount, from + pieceTokens)});
  }
  return {asks, pieces};
}
