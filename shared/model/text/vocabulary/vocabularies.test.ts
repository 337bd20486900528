import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {createTokenizer} from '../tokenizer.ts';
import {decodeTokens} from '../testing/decode-tokens.ts';
import {BYTE_TOKENS, tinyMetadata} from '../testing/tiny-metadata.ts';

const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const utf8 = () => new TextDecoder('utf-8', {ignoreBOM: true});

/** What a text becomes, as the texts of its tokens. */
function piecesOf(metadata: ReturnType<typeof tinyMetadata>, text: string): readonly string[] {
  const tokens = metadata['tokenizer.ggml.tokens'];
  const ids = createTokenizer(metadata).encode(text, {specialTokens: 'plain'});
  return ids.map((id) => tokens[id] ?? '');
}

const LLAMA = ['▁', 'a', 'b', 'c', '▁a', 'ab', '▁ab', 'bc', 'abc', '\uFEFF'];

test.each<[string, readonly string[]]>([
  ['ab', ['▁ab']],
  // Of "▁a", "ab" and "bc" the first has the highest score: "▁ab" is made and "bc" is not.
  ['abc', ['▁ab', 'c']],
  ['bcbc', ['▁', 'bc', 'bc']],
  ['a é', ['▁a', '▁', '<0xC3>', '<0xA9>']],
  ['  a', ['▁', '▁', '▁a']],
  ['\uFEFFa', ['▁', '\uFEFF', 'a']],
  ['</s>', ['▁', '<0x3C>', '<0x2F>', '<0x73>', '<0x3E>']],
  ['\uD800', ['▁', '<0xEF>', '<0xBF>', '<0xBD>']],
])(
  '[MD19] SentencePiece makes of "%s" the tokens of the highest scores, and bytes of the rest',
  (text, pieces) => {
    expect(piecesOf(tinyMetadata('llama', LLAMA), text)).toEqual(pieces);
  },
);

test('[MD19] a file says whether a space goes in front, and one goes behind each token in the text', () => {
  const without = tinyMetadata('llama', LLAMA, {'tokenizer.ggml.add_space_prefix': false});
  expect(piecesOf(without, 'ab')).toEqual(['ab']);
  const tokenizer = createTokenizer(tinyMetadata('llama', LLAMA));
  expect(tokenizer.encode('ab</s>ab', {specialTokens: 'parse'})).toEqual([265, 2, 265]);
});

test.each<[string, readonly string[]]>([
  ['ab ab', ['ab', '▁ab']],
  ['\n\n', ['\n\n']],
  ['\n\n\n', ['\n', '\n', '\n']],
  ['a\n\nb', ['a', '\n\n', 'b']],
  ['é', ['<0xC3>', '<0xA9>']],
])(
  '[MD19] BPE over characters makes of "%s" what its merges make, and whole runs of line feeds',
  (text, pieces) => {
    const words = ['▁', 'a', 'b', 'ab', '▁ab', '\n', '\n\n'];
    const merges = {'tokenizer.ggml.merges': ['a b', '▁ ab']};
    expect(piecesOf(tinyMetadata('gemma4', words, merges), text)).toEqual(pieces);
  },
);

const idsOfAbc = (preTokenizer: string) =>
  createTokenizer({
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': preTokenizer,
    'tokenizer.ggml.tokens': ['a', 'b', 'c', 'ab', 'bc', 'abc'],
    'tokenizer.ggml.merges': ['b c', 'a b', 'ab c'],
  }).encode('abc', {specialTokens: 'plain'});

test('[MD19] a word that is a token is taken whole where its pre-tokenizer says so', () => {
  expect(idsOfAbc('dbrx')).toEqual([0, 4]);
  expect(idsOfAbc('llama-bpe')).toEqual([5]);
});

test.each<[string, readonly string[]]>([
  ['Cafés', ['▁cafe', 's']],
  ['cafe, CAFE', ['▁cafe', '▁,', '▁cafe']],
  ['cafex s', ['[UNK]', '▁s']],
  ['a\u0085s', ['▁a', '▁s']],
  ['語語', ['▁語', '▁語']],
  ['𠀀a𠀀𠀁', ['▁𠀀', '▁a', '▁𠀀', '[UNK]']],
])('[MD20] WordPiece makes of "%s" the longest tokens of each word', (text, pieces) => {
  const tokens = ['[UNK]', '[CLS]', '[SEP]', '▁cafe', 's', '▁s', '▁,', '▁a', '▁語', '▁𠀀'];
  const tokenizer = createTokenizer({
    'tokenizer.ggml.model': 'bert',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': [UNKNOWN, CONTROL, CONTROL, ...tokens.slice(3).map(() => NORMAL)],
    'tokenizer.ggml.unknown_token_id': 0,
  });
  const ids = tokenizer.encode(text, {specialTokens: 'plain'});
  expect(ids.map((id) => tokens[id])).toEqual(pieces);
});

test('[MD20] a file says whether WordPiece keeps case and accents', () => {
  const tokens = ['[UNK]', '▁É', '▁é', '▁e'];
  const of = (more: object) =>
    createTokenizer({
      'tokenizer.ggml.model': 'bert',
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.unknown_token_id': 0,
      ...more,
    }).encode('É', {specialTokens: 'plain'});
  expect(of({})).toEqual([3]);
  expect(of({'tokenizer.ggml.normalizer.strip_accents': false})).toEqual([2]);
  expect(of({'tokenizer.ggml.normalizer.lowercase': false})).toEqual([1]);
});

test.each(['llama', 'gemma4'])(
  '[MD19] any text comes back from the tokens of a %s vocabulary',
  (model) => {
    const more = {
      'tokenizer.ggml.add_space_prefix': false,
      'tokenizer.ggml.merges': ['a b', '▁ ab', 'b c'],
    };
    const tokenizer = createTokenizer(tinyMetadata(model, LLAMA, more));
    const control = new Set(tokenizer.controlTokens.values());
    const parts = fc.array(
      fc.oneof(fc.constantFrom('a', 'b', 'c', ' ', '<s>', '\uFEFF'), fc.string({unit: 'grapheme'})),
    );
    fc.assert(
      fc.property(parts, (some) => {
        // All but U+2581, which means a space.
        const text = some.join('').replaceAll('▁', '');
        const ids = tokenizer.encode(text, {specialTokens: 'plain'});
        expect(decodeTokens(tokenizer, ids, utf8())).toBe(text);
        expect(ids.filter((id) => control.has(id))).toEqual([]);
      }),
    );
  },
);

test("[MD19] Phi-3's tokens take the blanks behind them along, but for those that begin and end a text", () => {
  const of = (name: string) =>
    createTokenizer(
      tinyMetadata('llama', [...LLAMA, '<|user|>'], {
        'general.name': name,
        'tokenizer.ggml.add_space_prefix': false,
      }),
    ).encode('<|user|>\n a<s> b', {specialTokens: 'parse'});
  const user = 3 + BYTE_TOKENS.length + LLAMA.length;
  const [space, a, b] = ['▁', 'a', 'b'].map((text) => 3 + BYTE_TOKENS.length + LLAMA.indexOf(text));
  expect(of('Phi-3')).toEqual([user, a, 1, space, b]);
  expect(of('Llama')).toEqual([
    user,
    3 + 0x0a,
    3 + BYTE_TOKENS.length + LLAMA.indexOf('▁a'),
    1,
    space,
    b,
  ]);
});

test.each<[object, number | null]>([
  [{'tokenizer.ggml.model': 'llama'}, 1],
  [{'tokenizer.ggml.model': 'llama', 'tokenizer.ggml.add_bos_token': false}, null],
  [{'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'llama-bpe'}, 1],
  [{'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'qwen2'}, null],
  [
    {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'qwen2',
      'tokenizer.ggml.add_bos_token': true,
    },
    1,
  ],
  [{'tokenizer.ggml.model': 'gemma4', 'tokenizer.ggml.add_bos_token': false}, 1],
])(
  '[MD13] whether prompts begin with the begin token depends on the kind, and on what the file says: %o',
  (change, id) => {
    const metadata = tinyMetadata('llama', LLAMA, {'tokenizer.ggml.merges': ['a b'], ...change});
    expect(createTokenizer(metadata).beginTokenId).toBe(id);
  },
);
