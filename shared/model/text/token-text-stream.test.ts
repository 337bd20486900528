import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {memoryByteSource} from '../byte-source.ts';
import {decodeTokens} from './testing/decode-tokens.ts';
import {parseGguf} from '../gguf/parse-gguf.ts';
import {createTokenTextStream} from './token-text-stream.ts';
import {createTokenizer} from './tokenizer.ts';

const {metadata} = await parseGguf(memoryByteSource(tinyGguf({seed: 1})));
// Has a token for every single byte: any character can be cut anywhere.
const tokenizer = createTokenizer(metadata);
const utf8 = () => new TextDecoder('utf-8', {ignoreBOM: true});
const anyTokens = fc.array(fc.nat({max: tokenizer.vocabularySize - 1}));

function piecesOf(tokenIds: readonly number[]): {pieces: string[]; rest: string} {
  const stream = createTokenTextStream(tokenizer, utf8());
  return {pieces: tokenIds.map((id) => stream.push(id)), rest: stream.end()};
}

test('[MD8] the pieces of any tokens make up the text of all of them', () => {
  fc.assert(
    fc.property(anyTokens, (ids) => {
      const {pieces, rest} = piecesOf(ids);
      const bytes = ids.flatMap((id) => [...tokenizer.tokenBytes(id)]);
      expect(pieces.join('') + rest).toBe(utf8().decode(Uint8Array.from(bytes)));
      expect(decodeTokens(tokenizer, ids, utf8())).toBe(pieces.join('') + rest);
    }),
  );
});

test('[MD8] no piece of a text has a part of a character', () => {
  fc.assert(
    fc.property(fc.string({unit: 'grapheme'}), (text) => {
      const {pieces, rest} = piecesOf(tokenizer.encode(text, {specialTokens: 'plain'}));
      expect(pieces.join('')).toBe(text);
      expect(rest).toBe('');
      expect(pieces.every((piece) => !/[\p{Surrogate}\uFFFD]/u.test(piece))).toBe(
        !text.includes('\uFFFD'),
      );
    }),
  );
});

test('[MD8] an emoji comes with its last byte; cut short, it ends as one U+FFFD', () => {
  const ids = tokenizer.encode('👋', {specialTokens: 'plain'});
  expect(piecesOf(ids)).toEqual({pieces: ['', '', '', '👋'], rest: ''});
  expect(piecesOf(ids.slice(0, 3))).toEqual({pieces: ['', '', ''], rest: '\uFFFD'});
});

test('[MD8] control tokens show nothing, not even inside a character', () => {
  const [first = 0, ...others] = tokenizer.encode('é', {specialTokens: 'plain'});
  expect(piecesOf([first, 2, ...others, 2])).toEqual({pieces: ['', '', 'é', ''], rest: ''});
});
