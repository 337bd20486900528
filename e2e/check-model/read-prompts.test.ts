/// <reference types="node" />
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {readPrompts} from './read-prompts.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-prompts-'));
});
afterAll(async () => {
  await rm(folder, {recursive: true});
});

async function read(json: unknown) {
  const path = join(folder, 'prompts.json');
  await writeFile(path, JSON.stringify(json));
  return await readPrompts(path);
}

test('[WF2] prompts are lists of token ids, and anything else is refused with its place', async () => {
  expect(await read([[1, 2], [3]])).toEqual([[1, 2], [3]]);
  for (const [json, place] of [
    [[[1], [2, -1]], 'at 1.1: '],
    [[[1], []], 'at 1: '],
    [[['1']], 'at 0.0: '],
    [[], ''],
    [{}, ''],
  ] as const) {
    await expect(read(json)).rejects.toMatchObject({
      detail: {code: 'PROMPTS_INVALID'},
      message: expect.stringMatching(
        new RegExp(
          `^Cannot read the prompts ".*": ${place}.*; write a list of lists of token`,
          'u',
        ),
      ),
    });
  }
});
