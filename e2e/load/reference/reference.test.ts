import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {greedyReference} from '#shared/lab/reference-forward/greedy-reference.ts';
import {ReferenceForward} from '#shared/lab/reference-forward/reference-forward.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {parseScenario} from '../scenario/scenario.ts';
import {findWrong} from '../report/find-wrong.ts';
import {outsideAnswers} from './outside-answers.ts';
import {readReference} from './read-reference.ts';

const PROMPT = [5, 77, 140, 9];
const MAX_TOKENS = 6;
const CUT_EVERY = 2;
const GGUF = tinyGguf({seed: 8});
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-reference-'));
  await writeFile(join(folder, 'model.gguf'), GGUF);
});
afterAll(async () => {
  await rm(folder, {recursive: true});
});

async function referenceSteps() {
  const gguf = await parseGguf(memoryByteSource(GGUF));
  const forward = new ReferenceForward({gguf, file: GGUF, cutEvery: CUT_EVERY});
  return greedyReference(forward, {promptIds: PROMPT, maxNewTokens: MAX_TOKENS, topCount: 300});
}

async function wrongOf(...answers: readonly (readonly number[])[]) {
  const given = answers.map((tokenIds, id) => ({
    id,
    question: `q${id}`,
    promptTokenIds: PROMPT,
    tokenIds,
    isComplete: true,
  }));
  const right = await outsideAnswers(given, {
    model: {path: join(folder, 'model.gguf'), grid: {layerCount: 4, cutEvery: CUT_EVERY}},
    maxTokens: MAX_TOKENS,
    signal: new AbortController().signal,
  });
  return [...findWrong(given, right)];
}

test('[WR4] the outside reference finds a token that is not the likeliest, and an answer that ends too soon', async () => {
  const steps = await referenceSteps();
  const right = steps.map(({tokenId}) => tokenId);
  const other = right.with(2, steps[2]?.top.at(-1)?.id ?? 0);
  expect(await wrongOf(right, other, right.slice(0, -1), [...right, 7])).toEqual([1, 2, 3]);
});

test('[WR4] a file has an answer for each prompt, of which counts what is asked for', async () => {
  const path = join(folder, 'ids.json');
  const prompts = ['Hi', {tokenIds: [1, 2]}];
  const requests = {prompts, maxTokens: 2};
  const scenario = parseScenario({model: 'm', tabs: [{}], requests, reference: path});
  await writeFile(path, '[[504, 3575, 2], [7]]');
  expect([...(await readReference(path, scenario)).values()]).toEqual([[504, 3575], [7]]);
  await writeFile(path, '[[504]]');
  await expect(readReference(path, scenario)).rejects.toMatchObject({
    detail: {code: 'REFERENCE_INVALID'},
    message: expect.stringContaining('it has 1 answers for 2 prompts; write one list'),
  });
  await writeFile(path, '["a"]');
  await expect(readReference(path, scenario)).rejects.toThrow('no list of lists of token ids');
});
