import {utf8Bytes} from '../bytes/utf8-bytes.ts';

/** SentencePiece writes a space as U+2581, and its models' tokens do, too. */
export const SPACE_MARK = '\u2581';
const BYTE_TOKEN = /^<0x(?<hex>[0-9A-F]{2})>$/u;

export function markSpaces(text: string): string {
  return text.replaceAll(' ', SPACE_MARK);
}

/** The ids of the bytes of a symbol outside the vocabulary: `<0x0A>` is a line feed. */
export function byteTokenIds(symbol: string, words: ReadonlyMap<string, number>): number[] {
  return [...utf8Bytes(symbol)].flatMap((byte) => {
    const hex = byte.toString(16).toUpperCase().padStart(2, '0');
    return words.get(`<0x${hex}>`) ?? [];
  });
}

/** Bytes of a token of such a model. */
export function bytesOfMarkedText(token: string): Uint8Array<ArrayBuffer> {
  const hex = BYTE_TOKEN.exec(token)?.groups?.['hex'];
  if (hex !== undefined) return Uint8Array.of(Number.parseInt(hex, 16));
  return utf8Bytes(token.replaceAll(SPACE_MARK, ' '));
}
