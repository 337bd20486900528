import type {Page} from 'playwright';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {lineOfAll} from '../bench-line.ts';
import type {BenchmarkContext} from '../benchmark.ts';
import {fileBytes, layerBytes, lmHeadBytes} from './bytes-of-step.ts';
import {NEW_TOKENS, promptMsOf, readBytesPerSecOf, stepMsOf} from './engine-page-steps.ts';

const ROUNDS = 10;
const PROMPT_TOKENS = 128;

/** Times wllama's speed, and the part of what the memory could give, below which the engine must not be, by one thread. */
const LEAST_DECODE = 3;
const LEAST_PREFILL = 5;
const LEAST_OF_FLOOR = 0.75;

/** In turns: a step and a prompt of the page's engine, of wllama on the same file, and what reading the weights takes. */
export async function compareWithWllama(
  context: BenchmarkContext,
  {
    page,
    wllama,
    manifest,
    name,
  }: {
    readonly page: Page;
    readonly wllama: Page;
    readonly manifest: Manifest;
    readonly name: string;
  },
): Promise<void> {
  const {threads} = context;
  const contextTokens = PROMPT_TOKENS + NEW_TOKENS + 64;
  await wllama.evaluate((asked) => globalThis.wllamaPage.load(asked), {threads, contextTokens});
  const weightBytes = layerBytes(manifest) + lmHeadBytes(manifest);
  const decode = {ours: [] as number[], theirs: [] as number[], floor: [] as number[]};
  const fileMs: number[] = [];
  const prefill = {ours: [] as number[], theirs: [] as number[]};
  for (let round = -1; round < ROUNDS; round += 1) {
    context.signal.throwIfAborted();
    const stepMs = await stepMsOf(page, {sessions: 1, promptTokens: PROMPT_TOKENS});
    const bytesPerSec = await readBytesPerSecOf(page, threads);
    const answer = await wllama.evaluate((asked) => globalThis.wllamaPage.answer(asked), {
      promptTokens: PROMPT_TOKENS,
      newTokens: NEW_TOKENS,
    });
    const promptMs = await promptMsOf(page, PROMPT_TOKENS);
    // The first of each is slower.
    if (round < 0) continue;
    decode.ours.push(stepMs);
    decode.theirs.push(answer.tokenMs);
    decode.floor.push((1_000 * weightBytes) / bytesPerSec);
    fileMs.push((1_000 * fileBytes(manifest)) / bytesPerSec);
    prefill.ours.push((1_000 * PROMPT_TOKENS) / promptMs);
    prefill.theirs.push(answer.promptTokensPerSec);
    context.log(JSON.stringify({round, stepMs, answer, promptMs, bytesPerSec}));
  }
  printRatios(context, name, {decode, prefill});
  for (const [who, values] of Object.entries(decode)) {
    context.print(lineOfAll(`${name}: a decode step, ${who}`, values, 'ms'));
  }
  const asInFile = `${name}: a decode step, floor of weights as small as in the file`;
  context.print(lineOfAll(asInFile, fileMs, 'ms'));
  for (const [who, values] of Object.entries(prefill)) {
    context.print(lineOfAll(`${name}: a prompt of ${PROMPT_TOKENS}, ${who}`, values, 'tokens/s'));
  }
}

type Decode = {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  readonly floor: readonly number[];
};

function printRatios(
  {print, threads}: BenchmarkContext,
  name: string,
  {decode, prefill}: {readonly decode: Decode; readonly prefill: Omit<Decode, 'floor'>},
): void {
  const paired = (what: string, values: readonly number[], against: readonly number[]) =>
    ratioOf(`${name}: ${what}`, values, against);
  const limits = threads === 1;
  for (const [ratio, floor] of [
    [paired('times as fast as wllama, decode', decode.theirs, decode.ours), LEAST_DECODE],
    [paired('times as fast as wllama, prefill', prefill.ours, prefill.theirs), LEAST_PREFILL],
    [
      paired('part of what reading the weights allows, decode', decode.floor, decode.ours),
      LEAST_OF_FLOOR,
    ],
  ] as const) {
    print({...ratio, ...(limits && {floor})});
  }
}

/** The median of the ratios of each round: the machine is no faster for the one than for the other. */
function ratioOf(
  name: string,
  values: readonly number[],
  against: readonly number[],
): ReturnType<typeof lineOfAll> & {readonly ratio: number} {
  const ratios = values.map((value, at) => value / (against[at] ?? Number.NaN));
  const line = lineOfAll(name, ratios, 'times');
  return {...line, ratio: line.value};
}
