import {GGUFValueType} from '@huggingface/gguf';
import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {tinyGguf, tinyVocabulary} from '#shared/testing/tiny-gguf.ts';
import {memoryByteSource} from '../../byte-source.ts';
import {parseGguf} from '../../gguf/parse-gguf.ts';
import {readModelSpec} from '../../manifest-of-file/read-model-spec.ts';
import {createChatTemplate} from './chat-template.ts';
import {endTextsOf, looksLikeControl, ordinaryTextsOf} from '../metadata/control-texts.ts';
import {encodeChat} from './encode-chat.ts';
import {readEndTokenIds} from '../metadata/end-tokens.ts';
import {createTokenizer} from '../tokenizer.ts';

const {metadata} = await parseGguf(memoryByteSource(tinyGguf({seed: 3})));
const {tokens, types} = tinyVocabulary();

test.each([
  '<|im_end|>',
  '<|reserved_special_token_7|>',
  '<|tool_response>',
  '<turn|>',
  '<｜end▁of▁sentence｜>',
  '<end_of_turn>',
  '<start_of_turn>',
  '<s>',
  '</s>',
  '[INST]',
  '[|endofturn|]',
  '[|system|]',
  '<fim_prefix>',
])('[MD13] "%s" looks like a control token', (text) => {
  expect(looksLikeControl(text)).toBe(true);
});

test.each([
  '',
  ' ',
  '<|',
  '|>',
  '<||>',
  '<|>',
  '<b>',
  '</div>',
  '[0]',
  '[|]',
  '[|0|]',
  '[a|b]',
  'a<|im_end|>',
  '<think>',
])('[MD13] "%s" does not', (text) => {
  expect(looksLikeControl(text)).toBe(false);
});

test.each([1, 3, 4, 6])(
  '[MD13] whatever type a token has (%s), by its text it is control, and ends an answer',
  async (type) => {
    const changed = types.map((own, id) => (id === 2 ? type : own));
    const gguf = tinyGguf({
      seed: 3,
      metadata: {
        'tokenizer.ggml.eos_token_id': {value: 0, type: GGUFValueType.UINT32},
        'tokenizer.ggml.token_type': {
          value: changed,
          type: GGUFValueType.ARRAY,
          subType: GGUFValueType.INT32,
        },
      },
    });
    const file = await parseGguf(memoryByteSource(gguf));
    expect(readModelSpec(file).endTokenIds).toEqual([0, 2]);
    const tokenizer = createTokenizer(file.metadata);
    const template = createChatTemplate(file.metadata);
    const ids = encodeChat({
      tokenizer,
      template,
      messages: [{role: 'user', content: 'hi<|im_end|>'}],
      nowMs: 0,
    });
    // Once for the message and not for what it says; the opening of the answer has none.
    expect(ids.filter((id) => id === 2)).toHaveLength(1);
    expect(tokenizer.tokenBytes(2)).toHaveLength(0);
  },
);

test('[MD13] text never becomes a control token, also where merges spell one', () => {
  const userId = tokens.indexOf('user');
  const tokenizer = createTokenizer({
    ...metadata,
    'tokenizer.ggml.token_type': types.map((type, id) => (id === userId ? 3 : type)),
  });
  const encode = (text: string) => tokenizer.encode(text, {specialTokens: 'plain'});
  expect(encode('user')).toEqual([tokens.indexOf('use'), tokens.indexOf('r')]);
  const control = new Set(tokenizer.controlTokens.values());
  expect(control).toContain(userId);
  const parts = fc.array(fc.constantFrom(...tokenizer.controlTokens.keys(), 'us', 'er', ' ', '>'));
  fc.assert(
    fc.property(parts, (some) => {
      expect(encode(some.join('')).filter((id) => control.has(id))).toEqual([]);
    }),
  );
});

const ends = (change: object) =>
  readEndTokenIds({...metadata, ...change}, {vocabularySize: tokens.length});

test('[MD13] answers end at the tokens that the metadata names and at those known by their text', () => {
  expect(ends({})).toEqual([0, 2]);
  expect(ends({'tokenizer.ggml.eot_token_id': 7, 'tokenizer.ggml.eom_token_id': 8})).toEqual([
    0, 2, 7, 8,
  ]);
  expect(() => ends({'tokenizer.ggml.eot_token_id': 9999})).toThrow('eot_token_id" is 9999');
  expect(() => ends({'tokenizer.ggml.eom_token_id': -1})).toThrow('eom_token_id" is -1');
});

test('[MD13] where a known text means something else, it ends nothing', () => {
  expect(endTextsOf(['<|end|>', '<|return|>', '<|call|>'])).not.toContain('<|end|>');
  expect(endTextsOf(['<|end|>', '<|flush|>', '<|calls|>'])).not.toContain('<|end|>');
  expect(endTextsOf(['</s>', '<|tool_response>'])).not.toContain('</s>');
  expect(endTextsOf(['<|end|>', '</s>'])).toEqual(new Set(['<|end|>', '</s>']));
});

test('[MD13] what a file calls ordinary and merges make is text, but for what ends an answer', () => {
  expect(ordinaryTextsOf(['<s>', '<pad>', '</s>'], ['< s>', '</ s>'])).toEqual(new Set(['<s>']));
  expect(ordinaryTextsOf(['<s>', '<|x|>', '<bos>'], ['<| x|>'])).toEqual(new Set(['<s>']));
  expect(ordinaryTextsOf(['</s>', '<|tool_response>'], [])).toEqual(new Set(['</s>']));
  const change = {
    'tokenizer.ggml.tokens': [...tokens, '<s', '<s>'],
    'tokenizer.ggml.token_type': [...types, 1, 1],
    'tokenizer.ggml.merges': ['< s', '<s >'],
  };
  const tokenizer = createTokenizer({...metadata, ...change});
  expect(tokenizer.encode('<s>', {specialTokens: 'parse'})).toEqual(
    tokenizer.encode('<s>', {specialTokens: 'plain'}),
  );
  expect(tokenizer.controlTokens.has('<s>')).toBe(false);
});

test('[MD13] a begin token that the file asks for is in front of a prompt, and once', () => {
  const begins = {...metadata, 'tokenizer.ggml.add_bos_token': true};
  const messages = [{role: 'user', content: 'hi'}] as const;
  const encode = (change: object) =>
    encodeChat({
      tokenizer: createTokenizer({...begins, ...change}),
      template: createChatTemplate(begins),
      messages,
      nowMs: 0,
    });
  // The template itself begins with <|im_start|>, token 1.
  expect(encode({}).slice(0, 2)).not.toEqual([1, 1]);
  expect(encode({'tokenizer.ggml.bos_token_id': 0}).slice(0, 2)).toEqual([0, 1]);
});
