/** Text → words. Together they are the text. */
export type CutWords = (text: string) => readonly string[];

/** Each pattern cuts the pieces that the one before it made: its matches, and what lies between. */
export function createCutWords(patterns: readonly string[]): CutWords {
  const cuts = patterns.map((pattern) => new RegExp(pattern, 'gu'));
  return (text) =>
    cuts.reduce<readonly string[]>(
      (pieces, cut) => pieces.flatMap((piece) => cutAt(piece, cut)),
      [text],
    );
}

function cutAt(text: string, pattern: RegExp): readonly string[] {
  const pieces: string[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    pieces.push(text.slice(end, match.index), match[0]);
    end = match.index + match[0].length;
  }
  pieces.push(text.slice(end));
  return pieces.filter((piece) => piece !== '');
}
