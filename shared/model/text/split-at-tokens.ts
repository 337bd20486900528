/** A piece of text: one of the tokens, or what lies between two. */
export type TextPiece =
  | {readonly kind: 'token'; readonly tokenId: number}
  | {readonly kind: 'text'; readonly text: string};

/** Cuts a text at every occurrence of a token's literal text. No piece is empty. */
export type SplitAtTokens = (text: string) => readonly TextPiece[];

/**
 * Leftmost occurrence first, of those the longest. An empty map cuts nowhere.
 *
 * @param stripAfter ids of the tokens that take the blanks behind them along.
 */
export function createSplitAtTokens(
  tokens: ReadonlyMap<string, number>,
  {stripAfter}: {readonly stripAfter: ReadonlySet<number>},
): SplitAtTokens {
  const longestFirst = [...tokens.keys()].toSorted((a, b) => b.length - a.length);
  const anyToken = new RegExp(`(${longestFirst.map(escapeRegExp).join('|')})`, 'u');
  const pieceOf = (part: string, before: number | undefined): TextPiece => {
    const tokenId = tokens.get(part);
    if (tokenId !== undefined) return {kind: 'token', tokenId};
    const isStripped = before !== undefined && stripAfter.has(before);
    return {kind: 'text', text: isStripped ? part.replace(/^[\t-\r ]+/u, '') : part};
  };
  return (text) => {
    const parts = tokens.size === 0 ? [text] : text.split(anyToken);
    return parts
      .map((part, at) => pieceOf(part, tokens.get(parts[at - 1] ?? '')))
      .filter((piece) => piece.kind === 'token' || piece.text !== '');
  };
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\^$\\.*+?()[\]{}|/]/gu, String.raw`\$&`);
}
