// GPT-2 writes each byte as one printable character: printable Latin-1 as itself, the other 68 as
// U+0100 and up, in order. https://github.com/openai/gpt-2/blob/master/src/encoder.py
const PRINTABLE: readonly (readonly [number, number])[] = [
  [0x21, 0x7e],
  [0xa1, 0xac],
  [0xae, 0xff],
];
const FIRST_SUBSTITUTE = 0x100;

const byteByCharacter = new Map<string, number>();
let substituteCount = 0;
for (let byte = 0; byte < 256; byte += 1) {
  const isPrintable = PRINTABLE.some(([first, last]) => byte >= first && byte <= last);
  const code = isPrintable ? byte : FIRST_SUBSTITUTE + substituteCount;
  if (!isPrintable) substituteCount += 1;
  byteByCharacter.set(String.fromCharCode(code), byte);
}

/** The character of each byte, in the order of the bytes. */
export const BYTE_ALPHABET: readonly string[] = [...byteByCharacter.keys()];

/** Bytes that a text in the byte alphabet represents; `null` when a character is not in it. */
export function bytesOfAlphabetText(text: string): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const byte = byteByCharacter.get(text.charAt(index));
    if (byte === undefined) return null;
    bytes[index] = byte;
  }
  return bytes;
}
