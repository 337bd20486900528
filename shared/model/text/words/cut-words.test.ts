import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {createCutWords} from './cut-words.ts';
import {PRE_TOKENIZERS, type PreTokenizer} from './pre-tokenizers.ts';
import {WORD_CUTTINGS} from './word-cuttings.ts';

function cut(preTokenizer: PreTokenizer, text: string): readonly string[] {
  return createCutWords(WORD_CUTTINGS[preTokenizer].patterns)(text);
}

const TRICKY = "I'LL pay  $1234.5!\n\n\tOK";

test.each<[PreTokenizer, readonly string[]]>([
  ['gpt-2', ['I', "'", 'LL', ' pay', ' ', ' $', '1234', '.', '5', '!', '\n\n', '\t', 'OK']],
  [
    'smollm',
    ['I', "'", 'LL', ' pay', ' ', ' $', '1', '2', '3', '4', '.', '5', '!', '\n\n', '\t', 'OK'],
  ],
  ['llama-bpe', ['I', "'LL", ' pay', ' ', ' $', '123', '4', '.', '5', '!\n\n', '\tOK']],
  ['qwen2', ['I', "'LL", ' pay', ' ', ' $', '1', '2', '3', '4', '.', '5', '!\n\n', '\tOK']],
  ['deepseek-llm', ['I', "'", 'LL', ' pay', ' ', ' $', '1234', '.', '5', '!', '\n', '\n', '\tOK']],
  [
    'deepseek-coder',
    ['I', "'", 'LL', ' pay', '  $', '1', '2', '3', '4', '.', '5', '!', '\n', '\n', '\tOK'],
  ],
  ['deepseek-v3', ['I', "'LL", ' pay', ' ', ' $', '123', '4', '.', '5', '!\n\n', '\tOK']],
  ['falcon', ['I', "'", 'LL', ' pay', '  ', '$', '123', '4', '.', '5', '!', '\n\n', '\t', 'OK']],
  ['gpt-4o', ["I'LL", ' pay', ' ', ' $', '123', '4', '.', '5', '!\n\n', '\tOK']],
  ['tekken', ['I', "'LL", ' pay', ' ', ' $', '1', '2', '3', '4', '.', '5', '!\n\n', '\tOK']],
])('[MD18] %s cuts contractions, numbers, blanks and line ends in its own way', (name, words) => {
  expect(cut(name, TRICKY)).toEqual(words);
});

test.each<[PreTokenizer, string, readonly string[]]>([
  ['gpt-4o', 'camelCase HTMLPage', ['camel', 'Case', ' HTMLPage']],
  ['tekken', 'camelCase HTMLPage', ['camel', 'Case', ' HTMLPage']],
  ['gpt-4o', 'a//\n//b', ['a', '//\n//', 'b']],
  ['llama-bpe', 'क्षि', ['क', '्ष', 'ि']],
  ['qwen35', 'क्षि', ['क्षि']],
  ['deepseek-llm', 'Տա 日本語abc', ['Տ', 'ա ', '日本語', 'abc']],
  ['deepseek-v3', '日本語abc', ['日本語', 'abc']],
  ['falcon', 'x1234567y', ['x', '123', '456', '7', 'y']],
])('[MD18] %s cuts "%s" as its model does', (name, text, words) => {
  expect(cut(name, text)).toEqual(words);
});

test.each(PRE_TOKENIZERS)('[MD18] the words of %s together are the text', (name) => {
  const anything = fc.array(
    fc.oneof(
      fc.constantFrom(...Array.from(' \t\r\n\u0085\uFEFFaZé1٣.,$語한ि')),
      fc.string({unit: 'binary'}),
    ),
  );
  fc.assert(
    fc.property(anything, (parts) => {
      const words = cut(name, parts.join(''));
      expect(words.join('')).toBe(parts.join(''));
      expect(words).not.toContain('');
    }),
  );
});

test('[MD18] a byte order mark is no white space, and U+0085 is', () => {
  expect(cut('gpt-2', 'a\uFEFF b')).toEqual(['a', '\uFEFF', ' b']);
  expect(cut('gpt-2', 'a\u0085b')).toEqual(['a', '\u0085', 'b']);
  expect(cut('llama-bpe', 'a\u0085b')).toEqual(['a', '\u0085b']);
});
