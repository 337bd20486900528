/** What a kind of vocabulary does: text without control tokens ↔ its tokens. */
export interface Encoding {
  /** Adds nothing, and leaves out bytes that the vocabulary lacks. */
  encode(text: string): readonly number[];
  /** UTF-8 of one token, often a part of a character. */
  bytesOf(token: string): Uint8Array<ArrayBuffer>;
}
