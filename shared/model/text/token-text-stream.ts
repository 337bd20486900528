import type {Tokenizer} from './tokenizer.ts';

/**
 * What this needs of the platform's decoder: `new TextDecoder('utf-8', {ignoreBOM: true})`.
 * Without `ignoreBOM` it would swallow a byte order mark that the model wrote. One per stream.
 */
export interface Utf8Decoder {
  decode(bytes?: Uint8Array<ArrayBuffer>, options?: {readonly stream: boolean}): string;
}

export interface TokenTextStream {
  /** The text that is certain after one more token: whole characters, or `''`. */
  push(tokenId: number): string;
  /** The rest: U+FFFD when the last character never became whole, else `''`. */
  end(): string;
}

/**
 * Token ids → text that only ever grows. A character that spans tokens is held
 * back until it is whole; bytes that can be no character come out as U+FFFD.
 * Control and end tokens have no text. (An emoji made of several characters
 * comes in several pieces: each of them is a character.)
 */
export function createTokenTextStream(
  tokenizer: Pick<Tokenizer, 'tokenBytes'>,
  utf8: Utf8Decoder,
): TokenTextStream {
  return {
    push: (tokenId) => utf8.decode(tokenizer.tokenBytes(tokenId), {stream: true}),
    end: () => utf8.decode(),
  };
}
