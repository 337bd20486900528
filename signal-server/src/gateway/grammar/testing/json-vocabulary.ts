import {BYTE_ALPHABET, bytesOfAlphabetText} from '#shared/model/text/bytes/byte-alphabet.ts';
import {tokenTableOf} from '#shared/client/vocabulary/token-table.ts';
import type {GrammarTokens} from '../grammar-messages.ts';

/** The end token; it writes nothing. */
export const END_TOKEN_ID = 0;
const textOfBytes = (...bytes: readonly number[]): string =>
  bytes.map((byte) => BYTE_ALPHABET[byte] ?? '').join('');
/** As merges of a real vocabulary have them: across the signs of JSON, and of parts of characters. */
const WORDS = [
  '{"',
  '":Ġ',
  '":Ġ"',
  '",Ġ"',
  '"}',
  '}}',
  '],Ġ[',
  'true',
  'false',
  'null',
  'Ġa',
  'the',
  '19',
  '00',
  ':Ġ',
  ',Ġ',
  // The beginning of a snowman, its end with a quote, and what no text has.
  textOfBytes(0xe2, 0x98),
  textOfBytes(0x83, 0x22),
  textOfBytes(0x80, 0xf0, 0x9f),
  textOfBytes(0xed, 0xa0, 0x80),
  textOfBytes(0xc0, 0x80),
];
const texts = ['', ...BYTE_ALPHABET, ...WORDS];

/** Every byte, and some words of JSON: a vocabulary that can write anything. */
export const JSON_TOKENS: GrammarTokens = {
  table: tokenTableOf({
    vocabularySize: texts.length,
    tokenBytes: (tokenId) => bytesOfAlphabetText(texts[tokenId] ?? '') ?? new Uint8Array(),
  }),
  endTokenIds: [END_TOKEN_ID],
};
