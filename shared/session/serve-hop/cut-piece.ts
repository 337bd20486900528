import type {Frame} from '#shared/protocol/frame/frame.ts';

/** Smaller pieces take longer in all: weights are read for each of them. */
const LEAST_TOKENS = 8;

/** What a piece of a prompt takes: once, and for each of its tokens. */
export type PieceMs = {readonly fixedMs: number; readonly perTokenMs: number};

/** What a piece of so many tokens takes. */
export function pieceMsOf(tokenCount: number, {fixedMs, perTokenMs}: PieceMs): number {
  return fixedMs + tokenCount * perTokenMs;
}

/**
 * How many tokens of a prompt an engine runs in about `withinMs`, or in twice what it takes for any piece: a power
 * of two, since engines on GPUs prepare for each length, and 8 at least.
 */
export function pieceTokensWithin(withinMs: number, {fixedMs, perTokenMs}: PieceMs): number {
  if (!(perTokenMs > 0)) return Infinity;
  const tokensMs = Math.max(withinMs - fixedMs, fixedMs);
  let tokens = LEAST_TOKENS;
  while (2 * tokens * perTokenMs <= tokensMs) tokens *= 2;
  return tokens;
}

/**
 * The first tokens, at most so many, of a piece of a prompt, or of what is replayed of one, and what is left:
 * only after its end is anything sampled.
 */
export function cutPiece(
  frame: Frame,
  mostTokens: number,
): {readonly first: Frame; readonly rest: Frame | null} {
  const {position, tokenCount, payload, verify} = frame;
  if (tokenCount <= mostTokens || verify) return {first: frame, rest: null};
  const bytes = mostTokens * (payload.byteLength / tokenCount);
  return {
    first: {...frame, tokenCount: mostTokens, payload: payload.subarray(0, bytes), sample: false},
    rest: {
      ...frame,
      position: position + mostTokens,
      tokenCount: tokenCount - mostTokens,
      payload: payload.subarray(bytes),
    },
  };
}
