import {array, assert, constantFrom, integer, property} from 'fast-check';
import type {Token} from 'marked';
import {expect, test} from 'vitest';
import {isOneOf, lexMarkdown} from './lex-markdown.ts';
import {MarkdownStream, type MarkdownView} from './markdown-stream.ts';

const flat = ({finished, open}: MarkdownView): readonly Token[] =>
  [...finished.flat(2), ...open].filter(({type}) => type !== 'space');

/** What is shown of tokens, without how they were found. */
function shapeOf(tokens: readonly Token[]): unknown[] {
  return tokens
    .filter(({type, raw}) => type !== 'space' && raw !== '')
    .map((token) => {
      if (isOneOf(token, ['list'])) return ['list', token.ordered, shapeOf(token.items)];
      if (isOneOf(token, ['table'])) return ['table', token.header.length, token.rows.length];
      const inside = 'tokens' in token && Array.isArray(token.tokens) ? shapeOf(token.tokens) : [];
      return [token.type, inside.length > 0 ? inside : 'text' in token ? token.text : token.raw];
    });
}

/** Feeds a text in pieces, as tokens of a model come. */
function feed(text: string, pieceCharacters: number): MarkdownStream {
  const stream = new MarkdownStream();
  for (let end = pieceCharacters; end < text.length + pieceCharacters; end += pieceCharacters) {
    stream.update(text.slice(0, end));
  }
  return stream;
}

const PARTS = [
  'word',
  ' ',
  '\n',
  '\n\n',
  '# ',
  '#',
  '- ',
  '* ',
  '1. ',
  '  ',
  '    ',
  '> ',
  '```\n',
  '```',
  '`',
  '**',
  '_',
  '~~',
  '|',
  '|a|b|\n|-|-|\n',
  '---\n',
  '===\n',
  '[a](b)',
  '[',
  '](',
  '<b>',
  '<div>\n',
  '<!--',
  '-->',
  '\\',
  '&amp;',
  'ü😀',
  '+ ',
  '- [ ] ',
];

test('[MK1] an answer that grows ends as one that is read at once', () => {
  assert(
    property(
      array(constantFrom(...PARTS), {maxLength: 40}).map((parts) => parts.join('')),
      integer({min: 1, max: 9}),
      (text, pieceCharacters) => {
        const stream = feed(text, pieceCharacters);
        stream.catchUp();
        expect(stream.isBehind).toBe(false);
        expect(shapeOf(flat(stream.update(text)))).toEqual(shapeOf(lexMarkdown(text).tokens));
      },
    ),
    {numRuns: 300},
  );
});

const sentence =
  'The **loom** has `four` frames, and *each* of them lifts some threads of the warp. ';
const repeat = (text: string, characters: number): string =>
  text.repeat(Math.ceil(characters / text.length)).slice(0, characters);
const LONG_BLOCKS: readonly (readonly [string, string])[] = [
  ['paragraphs', `${sentence.repeat(4)}\n\n`],
  ['one paragraph', sentence],
  ['one list', '- one item of a list\n'],
  ['one table', '| a | b |\n'],
  ['one quote', '> quoted words\n'],
  ['brackets', '['],
  ['stars', '*'],
  ['stars and words', '*a '],
  ['strong and soft', '**_a '],
  ['closing emphasis', 'a)*'],
  ['underscores', 'a_'],
  ['quote marks', '>'],
  ['backticks', '`'],
  ['backticks and words', '`a``b '],
  ['numbers', '1. '],
  ['quotes of lists', '> - '],
  ['links', '[a]('],
  ['tags', '<a '],
  ['line ends', '\n'],
];

/** Each character is read 64 times on average, and a piece once more when it is cut off. */
const MAX_READINGS = 64 + 2 * 32;

test.each(LONG_BLOCKS)('[MK2] the work for an answer of %s is linear in its length', (_, unit) => {
  const characters = 10_000;
  const {lexedCharacters} = feed(repeat(unit, characters), 20);
  expect(lexedCharacters).toBeLessThan(MAX_READINGS * characters);
});

test.each(LONG_BLOCKS)('[MK2] %s of 30,000 characters at once are read a few times', (_, unit) => {
  const stream = new MarkdownStream();
  const text = repeat(unit, 30_000);
  const shown = flat(stream.update(text));
  expect(stream.lexedCharacters).toBeLessThan(2 * 32 * text.length);
  if (unit !== '\n') expect(shown.map(({raw}) => raw).join('').length).toBeGreaterThan(25_000);
});

test.each([
  ['>', '>'.repeat(5000)],
  ['> ', '> '.repeat(5000)],
  ['- ', '- '.repeat(5000)],
  ['1. ', '1. '.repeat(5000)],
  ['> - ', '> - '.repeat(2000)],
  ['lists', Array.from({length: 100}, (_, depth) => `${' '.repeat(2 * depth)}- x`).join('\n')],
  ['quotes', Array.from({length: 150}, (_, depth) => `${'>'.repeat(depth)} x`).join('\n')],
  ['emphasis', `${'*_'.repeat(1000)}x${'_*'.repeat(1000)}`],
  ['brackets', `${'['.repeat(2000)}x${']'.repeat(2000)}`],
])('[MK3] deep nesting of %s neither throws nor shows more than a few levels', (_, text) => {
  const stream = feed(text, 50);
  stream.catchUp();
  const depthOf = (token: Token): number => {
    const inside: readonly Token[] = isOneOf(token, ['list'])
      ? token.items
      : 'tokens' in token
        ? (token.tokens ?? [])
        : [];
    return 1 + Math.max(0, ...inside.map(depthOf));
  };
  const depths = flat(stream.update(text)).map(depthOf);
  expect(Math.max(...depths)).toBeLessThan(60);
});

test.each(['*', '_', '~'])('[MK2] a run of thousands of %s counts as many marks', (mark) => {
  const run = mark.repeat(2000);
  const text = `a ${run}x${run}`;
  expect(shapeOf(lexMarkdown(text).tokens)).toEqual([['paragraph', [['text', text]]]]);
});

test('[MK2] code of many screens stays one block until it is closed', () => {
  const code = `\`\`\`js\n${'let x = [1, 2];\n'.repeat(1000)}\`\`\`\n`;
  const shown = flat(feed(`${code}\nAnd words`, 7).update(`${code}\nAnd words.`));
  expect(shown.map(({type}) => type)).toEqual(['code', 'paragraph']);
});

test('[MK4] what is not read yet is shown as it came, at the end of what is open', () => {
  const stream = new MarkdownStream();
  const start = `- ${'long '.repeat(700)}`;
  const text = `${start}**end**`;
  for (let end = 1; end <= text.length; end += 1) {
    const shown = JSON.stringify(flat(stream.update(text.slice(0, end))));
    expect(shown).toContain(
      text
        .slice(Math.max(0, end - 3), end)
        .trim()
        .replaceAll('*', '*'),
    );
  }
  expect(stream.isBehind).toBe(true);
  stream.catchUp();
  expect(JSON.stringify(stream.update(text))).toContain('"strong"');
});

test('[MK4] another answer starts from scratch', () => {
  const stream = feed('# One\n\nand more', 3);
  expect(shapeOf(flat(stream.update('Two')))).toEqual([['paragraph', [['text', 'Two']]]]);
});
