import {type Utf8Decoder, createTokenTextStream} from '../token-text-stream.ts';
import type {Tokenizer} from '../tokenizer.ts';

/** The text of a whole list of tokens; control and end tokens have none. */
export function decodeTokens(
  tokenizer: Pick<Tokenizer, 'tokenBytes'>,
  tokenIds: readonly number[],
  utf8: Utf8Decoder,
): string {
  const stream = createTokenTextStream(tokenizer, utf8);
  return tokenIds.map((id) => stream.push(id)).join('') + stream.end();
}
