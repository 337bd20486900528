import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {openModelFile} from '#shared/testing/model-file.ts';
import {decodeTokens} from './testing/decode-tokens.ts';
import {parseGguf} from '../gguf/parse-gguf.ts';
import {TextUnsupportedError} from './metadata/text-unsupported-error.ts';
import reference from '../reference/smollm2-tokenizer.json' with {type: 'json'};
import {createTokenizer} from './tokenizer.ts';
import {UnknownTokenError} from './unknown-token-error.ts';

const {metadata} = await parseGguf(await openModelFile());
const tokenizer = createTokenizer(metadata);
const utf8 = () => new TextDecoder('utf-8', {ignoreBOM: true});

describe('SmolLM2, against llama.cpp', () => {
  test('[MD6] there are 43 reference texts', () => {
    expect(reference.cases).toHaveLength(43);
  });

  test.each(reference.cases)('[MD6] $text', ({text, ids_special, ids_plain, round_trip}) => {
    expect(tokenizer.encode(text, {specialTokens: 'parse'})).toEqual(ids_special);
    expect(tokenizer.encode(text, {specialTokens: 'plain'})).toEqual(ids_plain);
    expect(decodeTokens(tokenizer, ids_plain, utf8()) === text).toBe(round_trip);
  });

  test('[MD6] the bytes without a token are those that the reference lists', () => {
    const present = new Set<number>();
    for (let id = 0; id < tokenizer.vocabularySize; id += 1) {
      const [first, ...rest] = tokenizer.tokenBytes(id);
      if (first !== undefined && rest.length === 0) present.add(first);
    }
    const missing = Array.from({length: 256}, (_, byte) => byte).filter((b) => !present.has(b));
    expect(missing).toEqual(reference.missing_single_bytes);
  });
});

test('[MD7] plain text never becomes a control token, whatever it says', () => {
  const control = [...tokenizer.controlTokens.keys()];
  const controlIds = new Set(tokenizer.controlTokens.values());
  const hostile = fc.array(fc.oneof(fc.constantFrom(...control), fc.string({unit: 'binary'})));
  fc.assert(
    fc.property(hostile, (parts) => {
      const ids = tokenizer.encode(parts.join(''), {specialTokens: 'plain'});
      expect(ids.filter((id) => controlIds.has(id))).toEqual([]);
    }),
  );
});

test('[MD6] a text of common characters comes back as it was, byte order mark included', () => {
  const common = fc.string({unit: fc.constantFrom(...Array.from('aZ09 \n\té’你好ж\uFEFF👩‍👧—'))});
  fc.assert(
    fc.property(common, (text) => {
      const ids = tokenizer.encode(text, {specialTokens: 'plain'});
      expect(decodeTokens(tokenizer, ids, utf8())).toBe(text);
    }),
  );
});

test('[MD8] control tokens have no text, and an id outside the vocabulary is refused', () => {
  for (const id of tokenizer.controlTokens.values()) {
    expect(tokenizer.tokenBytes(id)).toHaveLength(0);
  }
  expect(() => tokenizer.tokenBytes(tokenizer.vocabularySize)).toThrow(UnknownTokenError);
  expect(() => tokenizer.tokenBytes(-1)).toThrow(UnknownTokenError);
});

test('[MD3] a kind of tokenizer that is not known is refused by name', () => {
  const tokens = {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.tokens': ['a', 'aa'],
    'tokenizer.ggml.merges': ['a a'],
  };
  const make = (change: object) => () => createTokenizer({...tokens, ...change});
  expect(make({})).not.toThrow();
  expect(make({'tokenizer.ggml.model': 'rwkv'})).toThrow(TextUnsupportedError);
  expect(make({'tokenizer.ggml.model': 'rwkv'})).toThrow(
    'its kind "rwkv" is not supported; take a model whose kind is "gpt2", "llama", "gemma4" or "bert"',
  );
  expect(make({'tokenizer.ggml.pre': 'kimi-k2'})).toThrow(
    'pre-tokenizer: "kimi-k2" is not supported; take a model with one of gpt-2, mpt, ',
  );
});

test('[MD6] tokens added as literal text are taken whole in both modes and show as written', () => {
  const added = createTokenizer({
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.tokens': ['a', 'b', '<tool ü>', 'ab'],
    'tokenizer.ggml.token_type': [1, 1, 4, 1],
    'tokenizer.ggml.merges': ['a b'],
  });
  expect(added.encode('a<tool ü>b', {specialTokens: 'plain'})).toEqual([0, 2, 1]);
  expect(added.encode('a<tool ü>b', {specialTokens: 'parse'})).toEqual([0, 2, 1]);
  expect(decodeTokens(added, [0, 2, 1], utf8())).toBe('a<tool ü>b');
});
