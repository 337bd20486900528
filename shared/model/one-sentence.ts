/** Longer than any sentence of ours with the longest names of real files. */
const MOST_CHARACTERS = 1_000;

/** Names and values come from a stranger's file: whatever they are, an error stays one line that can be read. */
export function oneSentence(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}…` : line;
}
