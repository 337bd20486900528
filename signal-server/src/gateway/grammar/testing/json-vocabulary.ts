import {BYTE_ALPHABET, bytesOfAlphabetText} from '#shared/model/text/bytes/byte-alphabet.ts';
import {tokenTableOf} from '#shared/client/vocabulary/token-table.ts';
import type {GrammarTokens} from '../grammar-messages.ts';

/** The end token; it writes nothing. */
export const END_TOKEN_ID = 0;
/** As merges of a real vocabulary have them: across the signs of JSON, and of half a character. */
const WORDS = [
  '{"',
  '": ',
  '": "',
  '", "',
  '"}',
  '}}',
  '], [',
  'true',
  'false',
  'null',
  'Ġa',
  'the',
  '19',
  '00',
  'â̺',
  ': ',
  ', ',
];
const texts = ['', ...BYTE_ALPHABET, ...WORDS.filter((text) => bytesOfAlphabetText(text) !== null)];

/** Every byte, and some words of JSON: a vocabulary that can write anything. */
export const JSON_TOKENS: GrammarTokens = {
  table: tokenTableOf({
    vocabularySize: texts.length,
    tokenBytes: (tokenId) => bytesOfAlphabetText(texts[tokenId] ?? '') ?? new Uint8Array(),
  }),
  endTokenIds: [END_TOKEN_ID],
};
