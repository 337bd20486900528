/// <reference types="node" />
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {tinyGguf, tinyVocabulary} from '#shared/testing/tiny-gguf.ts';
import {renderFile, tokenizeFile} from './inspect-text.ts';

const folder = await mkdtemp(join(tmpdir(), 'weft-inspect-text-'));
afterAll(() => rm(folder, {recursive: true}));

const {metadata} = await parseGguf(memoryByteSource(tinyGguf({seed: 3})));
const {tokens} = tinyVocabulary();
const idOf = (token: string) => tokens.indexOf(token);

async function fileOf(value: unknown): Promise<string> {
  const path = join(folder, 'input.json');
  await writeFile(path, JSON.stringify(value));
  return path;
}

test('[CL9] each text comes back as tokens, its control tokens as characters and as such', async () => {
  const [hello, control] = await tokenizeFile(await fileOf([' hello', '<|im_end|>']), metadata);
  expect(hello).toEqual({plain: [idOf('Ġhello')], special: [idOf('Ġhello')]});
  expect(control?.special).toEqual([2]);
  expect(control?.plain).toHaveLength(10);
});

test('[CL9] each chat comes back as text and tokens, or as the refusal of its template', async () => {
  const chats = await fileOf([[{role: 'user', content: 'hi'}], []]);
  const template =
    "{% if not messages %}{{ raise_exception('say something') }}{% endif %}{{ '<|im_start|>' + messages[0].content }}";
  const rendered = await renderFile(
    chats,
    {...metadata, 'tokenizer.chat_template': template},
    {nowMs: 0},
  );
  expect(rendered).toEqual([
    {text: '<|im_start|>hi', ids: [1, idOf('h'), idOf('i')]},
    {error: expect.stringContaining('say something')},
  ]);
});

test('[CL9] a file of something else is refused by its name and the place', async () => {
  await expect(tokenizeFile(await fileOf(['a', 5]), metadata)).rejects.toThrow(
    /^Cannot tokenize ".*input\.json": it must be a list of texts, and \[1\] is not$/u,
  );
  await expect(renderFile(await fileOf([[{role: 'king'}]]), metadata, {nowMs: 0})).rejects.toThrow(
    'it must be a list of lists of messages, each with "role" and "content", and [0][0][role] is not',
  );
  await expect(renderFile(await fileOf({}), metadata, {nowMs: 0})).rejects.toThrow(
    'it must be a list of lists of messages',
  );
});
