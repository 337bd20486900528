/// <reference types="node" />
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {tinyGguf, tinyVocabulary} from '#shared/testing/tiny-gguf.ts';
import {type AskedText, inspectText} from './inspect-text.ts';

const folder = await mkdtemp(join(tmpdir(), 'weft-inspect-text-'));
afterAll(() => rm(folder, {recursive: true}));

const file = await parseGguf(memoryByteSource(tinyGguf({seed: 3})));
const {tokens} = tinyVocabulary();
const idOf = (token: string) => tokens.indexOf(token);

async function fileOf(value: unknown): Promise<string> {
  const path = join(folder, 'input.json');
  await writeFile(path, JSON.stringify(value));
  return path;
}

const inspect = (asked: AskedText, change: object = {}) =>
  inspectText(() => Promise.resolve({...file, metadata: {...file.metadata, ...change}}), asked);

test('[CL9] each text comes back as tokens, its control tokens as characters and as such', async () => {
  const {tokens: found} = await inspect({tokenize: await fileOf([' hello', '<|im_end|>'])});
  expect(found).toEqual([
    {plain: [idOf('Ġhello')], special: [idOf('Ġhello')]},
    {plain: Array.from('<|im_end|>', idOf), special: [2]},
  ]);
});

test('[CL9] each chat comes back as text and tokens, or as the refusal of its template', async () => {
  const render = await fileOf([[{role: 'user', content: 'hi'}], []]);
  const template =
    "{% if not messages %}{{ raise_exception('say something') }}{% endif %}{{ '<|im_start|>' + messages[0].content }}";
  expect(await inspect({render}, {'tokenizer.chat_template': template})).toEqual({
    rendered: [
      {text: '<|im_start|>hi', ids: [1, idOf('h'), idOf('i')]},
      {error: expect.stringContaining('say something')},
    ],
  });
});

test('[CL9] what the model can make nothing of is left out', async () => {
  const chats = await fileOf([[{role: 'user', content: 'hi'}]]);
  expect(await inspect({render: chats}, {'tokenizer.chat_template': undefined})).toEqual({});
  expect(await inspect({render: chats}, {'tokenizer.ggml.model': 'rwkv'})).toEqual({});
  expect(await inspect({})).toEqual({});
});

test.each([
  ['tokenize', ['a', 5], 'it must be a list of texts, and [1] is not'],
  ['tokenize', {}, 'it must be a list of texts'],
  [
    'render',
    [[{role: 'king'}]],
    'it must be a list of lists of messages, each with "role" and "content", and [0][0][role] is not',
  ],
] as const)(
  '[CL9] a file for --%s of something else is refused by its name: %j',
  async (option, value, why) => {
    const path = await fileOf(value);
    await expect(inspect({[option]: path})).rejects.toThrow(`Cannot ${option} "${path}": ${why}`);
  },
);
