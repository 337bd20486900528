/** Pieces of a prompt, in tokens; the halves of a context that ends before they do. */
export function fitPieces(pieces: readonly number[], contextTokens: number): readonly number[] {
  if (sumOf(pieces) <= contextTokens) return pieces;
  const half = Math.ceil(contextTokens / 2);
  return [half, contextTokens - half].filter((tokenCount) => tokenCount > 0);
}

export function sumOf(pieces: readonly number[]): number {
  return pieces.reduce((sum, tokenCount) => sum + tokenCount, 0);
}
