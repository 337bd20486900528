/// <reference types="node" />
import {readFile} from 'node:fs/promises';
import {expect, test} from 'vitest';
import {sha256} from '#shared/testing/sha256.ts';
import {tinyGguf, tinyVocabulary, type MetadataChange} from '#shared/testing/tiny-gguf.ts';
import catalogJson from '../../../../public/catalog/catalog.json' with {type: 'json'};
import {memoryByteSource} from '../../byte-source.ts';
import {catalogSchema} from '../../manifest/catalog.ts';
import {parseGguf} from '../../gguf/parse-gguf.ts';
import {makeManifest} from '../../manifest-of-file/make-manifest.ts';
import type {Manifest} from '../../manifest/manifest.ts';
import {parseManifest} from '../../manifest/parse-manifest.ts';
import {checkChat} from './check-chat.ts';
import {readTextKind} from '../metadata/supported-text.ts';

const {metadata} = await parseGguf(memoryByteSource(tinyGguf({seed: 3})));
const SPEC = {endTokenIds: [2], contextTokens: 512};
const check = (change: object) => () => {
  checkChat({...metadata, ...change}, SPEC);
};

test('[MD14] a file with vocabulary, merges, template and end tokens that are known is taken', () => {
  expect(check({})).not.toThrow();
});

const {tokens, types} = tinyVocabulary();
const withToken = (text: string, type: number) => ({
  'tokenizer.ggml.tokens': [...tokens, text],
  'tokenizer.ggml.token_type': [...types, type],
});

test.each<[string, object, string, string]>([
  ['another kind', {'tokenizer.ggml.model': 'rwkv'}, 'vocabulary', 'its kind "rwkv"'],
  [
    'no kind',
    {'tokenizer.ggml.model': undefined},
    'vocabulary',
    '"tokenizer.ggml.model" is missing',
  ],
  ['no tokens', {'tokenizer.ggml.tokens': undefined}, 'vocabulary', 'ggml.tokens" is missing'],
  ['a token of no text', {'tokenizer.ggml.tokens': ['a', 5]}, 'vocabulary', 'ggml.tokens[1]" is 5'],
  ['too few types', {'tokenizer.ggml.token_type': [1]}, 'vocabulary', 'has 1 types for 309'],
  [
    'types of no number',
    {'tokenizer.ggml.token_type': [NaN]},
    'vocabulary',
    'token_type[0]" is NaN',
  ],
  ['another cutting', {'tokenizer.ggml.pre': 'kimi-k2'}, 'pre-tokenizer', '"kimi-k2"'],
  ['no cutting', {'tokenizer.ggml.pre': undefined}, 'pre-tokenizer', '"default"'],
  ['no merges', {'tokenizer.ggml.merges': undefined}, 'merges', 'is missing or empty'],
  ['a merge of one', {'tokenizer.ggml.merges': ['ab']}, 'merges', '"ab" is not two parts'],
  ['a merge of three', {'tokenizer.ggml.merges': ['a b c']}, 'merges', '"a b c" is not two parts'],
  ['a merge to nothing', {'tokenizer.ggml.merges': ['Q Q']}, 'merges', '"QQ", which is no token'],
  ['a setting', {'tokenizer.ggml.normalizer.lowercase': true}, 'tokenizer setting', 'lowercase'],
  [
    'an end in prompts',
    {'tokenizer.ggml.add_eos_token': true},
    'tokenizer setting',
    'add_eos_token',
  ],
  [
    'an empty control token',
    withToken('', 3),
    'control tokens',
    'token 309 is one and has an empty',
  ],
  [
    'an empty literal token',
    withToken('', 4),
    'control tokens',
    'token 309 is one and has an empty',
  ],
  ['a control letter', withToken('a', 3), 'control tokens', 'has the letter "a"'],
  ['no template', {'tokenizer.chat_template': undefined}, 'chat template', 'the file has none'],
  [
    'a broken template',
    {'tokenizer.chat_template': '{% for %}'},
    'chat template',
    'a template that works',
  ],
  [
    'a template that refuses',
    {'tokenizer.chat_template': "{{ raise_exception('not today') }}"},
    'chat template',
    'not today',
  ],
  [
    'a template of deep brackets',
    {'tokenizer.chat_template': `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`},
    'chat template',
    'its parts, or those of the chat, lie too deep within each other',
  ],
  [
    'a template of long sums',
    {'tokenizer.chat_template': `{{ 1${' + 1'.repeat(50_000)} }}`},
    'chat template',
    'its parts, or those of the chat, lie too deep within each other',
  ],
  ['a template of nothing', {'tokenizer.chat_template': '{# #}'}, 'chat template', 'does not show'],
  ['a template of its own', {'tokenizer.chat_template': 'hi'}, 'chat template', 'does not show'],
])('[MD14] %s is refused before anybody asks', (_, change, part, message) => {
  expect(check(change)).toThrow(
    expect.objectContaining({
      detail: expect.objectContaining({code: 'TEXT_UNSUPPORTED', part}),
      message: expect.stringMatching(/^Cannot chat with this model: [^\n]*$/u),
    }),
  );
  expect(check(change)).toThrow(message);
});

test('[MD14] a letter that is taken literally is still a letter', () => {
  expect(check(withToken('a', 4))).not.toThrow();
});

test('[MD14] without an end token an answer would never end', () => {
  expect(() => {
    checkChat(metadata, {...SPEC, endTokenIds: []});
  }).toThrow('no token ends an answer; take a file with "tokenizer.ggml.eos_token_id"');
});

const within = (contextTokens: number) => () => {
  checkChat(metadata, {...SPEC, contextTokens});
};

test('[MD14] a context that no chat fits into is refused, and one with a position for the answer is taken', () => {
  expect(within(13)).toThrow(
    'context: it has 13 tokens, and a chat that says "Hello" has 13; take a model with a longer one',
  );
  expect(within(14)).not.toThrow();
});

async function manifestOf(
  change: MetadataChange,
  prompts: 'chat' | 'token-ids',
): Promise<Manifest> {
  const bytes = tinyGguf({seed: 3, metadata: change});
  const source = memoryByteSource(bytes);
  const gguf = await parseGguf(source);
  const file = {gguf, source, fileSha256: await sha256(bytes), sha256};
  return makeManifest({id: 'x', cutEvery: 1, prompts, ...file});
}

test('[MD14] a model that no client can chat with is offered for token ids, and its manifest says so', async () => {
  const speechless: MetadataChange = {
    'tokenizer.chat_template': null,
    'tokenizer.ggml.model': null,
    'tokenizer.ggml.tokens': null,
    'tokenizer.ggml.token_type': null,
    'tokenizer.ggml.merges': null,
    'tokenizer.ggml.eos_token_id': null,
  };
  await expect(manifestOf(speechless, 'chat')).rejects.toMatchObject({
    detail: {code: 'TEXT_UNSUPPORTED'},
  });
  const offered = await manifestOf(speechless, 'token-ids');
  expect(offered).toMatchObject({text: null, spec: {vocabularySize: 309, endTokenIds: []}});
  expect((await manifestOf({}, 'chat')).text).toEqual({vocabulary: 'gpt2', preTokenizer: 'smollm'});
});

test('[MD14] every model of the catalogue says how its text becomes tokens, and Weft knows how', async () => {
  const catalogUrl = new URL('../../../../public/catalog/catalog.json', import.meta.url);
  for (const {manifest} of catalogSchema.parse(catalogJson)) {
    const json = await readFile(new URL(manifest, catalogUrl), 'utf8');
    const {text} = parseManifest(JSON.parse(json));
    expect(text && readTextKind(text)).toMatchObject({vocabulary: text?.vocabulary});
  }
});

test.each([
  [{vocabulary: 'rwkv', preTokenizer: 'default'}, 'its kind "rwkv" is not supported'],
  [{vocabulary: 'gpt2', preTokenizer: 'kimi-k2'}, '"kimi-k2" is not supported'],
])(
  '[MD14] by a manifest alone, text that is not known is refused by name: %j',
  (text, sentence) => {
    expect(() => readTextKind(text)).toThrow(sentence);
  },
);
