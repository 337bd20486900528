/** A piece of text: one of the tokens, or what lies between two. */
type TextPiece =
  | {readonly kind: 'token'; readonly tokenId: number}
  | {readonly kind: 'text'; readonly text: string};

/** Cuts a text at every occurrence of a token's literal text. No piece is empty. */
export type SplitAtTokens = (text: string) => readonly TextPiece[];

/** Leftmost occurrence first, of those the longest. An empty map cuts nowhere. */
export function createSplitAtTokens(tokens: ReadonlyMap<string, number>): SplitAtTokens {
  const longestFirst = [...tokens.keys()].toSorted((a, b) => b.length - a.length);
  const anyToken = new RegExp(`(${longestFirst.map(escapeRegExp).join('|')})`, 'u');
  return (text) => {
    const parts = tokens.size === 0 ? [text] : text.split(anyToken);
    return parts
      .filter((part) => part !== '')
      .map((part): TextPiece => {
        const tokenId = tokens.get(part);
        return tokenId === undefined ? {kind: 'text', text: part} : {kind: 'token', tokenId};
      });
  };
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\^$\\.*+?()[\]{}|/]/gu, String.raw`\$&`);
}
