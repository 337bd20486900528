import type {Frame} from '#shared/protocol/frame/frame.ts';

/** Smaller pieces take longer in all: weights are read for each of them. */
const LEAST_TOKENS = 8;

/**
 * How many tokens of a prompt an engine runs in about `pieceMs`: a power of two, since engines on
 * GPUs prepare for each length, and 8 at least.
 *
 * @param tokenMs what one token takes, among many; 0 where that is not known.
 */
export function pieceTokensWithin(pieceMs: number, tokenMs: number): number {
  if (!(tokenMs > 0)) return Infinity;
  let tokens = LEAST_TOKENS;
  while (2 * tokens * tokenMs <= pieceMs) tokens *= 2;
  return tokens;
}

/** A piece of a prompt, or what is replayed of one, in pieces of at most so many tokens: only after the last is anything sampled. */
export function cutPiece(frame: Frame, mostTokens: number): readonly Frame[] {
  const {position, tokenCount, payload, sample, verify} = frame;
  if (tokenCount <= mostTokens || verify) return [frame];
  const tokenBytes = payload.byteLength / tokenCount;
  const pieces: Frame[] = [];
  for (let from = 0; from < tokenCount; from += mostTokens) {
    const to = Math.min(tokenCount, from + mostTokens);
    pieces.push({
      ...frame,
      position: position + from,
      tokenCount: to - from,
      payload: payload.subarray(from * tokenBytes, to * tokenBytes),
      sample: sample && to === tokenCount,
    });
  }
  return pieces;
}
