import type {Page} from 'playwright';
import {fileURLToPath} from 'node:url';
import {tensorsOfCell, tensorsOfLmHead} from '#shared/model/manifest/shard-tensors.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {inEnginePage} from '../../../pages/engine/in-engine-page.ts';
import {serveEnginePage} from '../../../pages/engine/serve-engine-page.ts';
import {prepareModel} from '../../../tools/machine/model-file/prepare-model.ts';
import {lineOf, spreadOf, type BenchLine} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';

const WLLAMA_PAGE = fileURLToPath(new URL('../../../pages/wllama/', import.meta.url));
const ROUNDS = 10;
const PROMPT_TOKENS = 128;
const NEW_TOKENS = 24;
const CONTEXTS = [64, 512, 2_048, 4_096];
const SESSIONS = [1, 2, 4, 8, 16];
const FEW_ROUNDS = 8;
const PARTS = {layers: 'the layers', lmHead: 'the LM head'} as const;
const KV_BUDGET_BYTES = 2 ** 30;

/** Times wllama's speed, and the part of what the memory could give, below which the engine must not be. */
const LEAST_DECODE = 3;
const LEAST_PREFILL = 5;
const LEAST_OF_FLOOR = 0.75;

/**
 * The whole model in one tab, by one thread: against wllama on the same file and against what reading the
 * weights takes, in turns within one run; then contexts and batches by itself.
 */
export const benchEngine: Benchmark = async (context) => {
  const {log, signal} = context;
  const model = await prepareModel({log, signal});
  const ours = await serveEnginePage(model.path);
  const theirs = await serveEnginePage(model.path, WLLAMA_PAGE);
  const inPage = {engine: 'wasm', log, signal} as const;
  try {
    await inEnginePage({url: ours.url, ...inPage}, async (page) => {
      await load(page, model.manifest);
      const peer = {url: theirs.url, ...inPage, global: 'wllamaPage'};
      await inEnginePage(peer, async (wllama) => compare(context, {page, wllama, model}));
      await profile(context, {page, manifest: model.manifest});
      await measureSizes(context, page);
    });
    await tellGpu(context, {url: ours.url, manifest: model.manifest});
  } finally {
    await ours[Symbol.asyncDispose]();
    await theirs[Symbol.asyncDispose]();
  }
};

async function load(
  page: Page,
  manifest: Manifest,
  kind: 'wasm' | 'webgpu' = 'wasm',
): Promise<void> {
  await page.evaluate((asked) => globalThis.enginePage.load(asked), {
    ...(kind === 'webgpu' && {engine: {kind} as const}),
    manifest,
    range: {startLayer: 0, endLayer: manifest.spec.layerCount},
    weightsUrl: '/model.gguf',
    kvBudgetBytes: KV_BUDGET_BYTES,
  });
}

async function compare(
  context: BenchmarkContext,
  {
    page,
    wllama,
    model: {manifest},
  }: {
    readonly page: Page;
    readonly wllama: Page;
    readonly model: {readonly manifest: Manifest};
  },
): Promise<void> {
  const contextTokens = PROMPT_TOKENS + NEW_TOKENS + 64;
  await wllama.evaluate((asked) => globalThis.wllamaPage.load(asked), {threads: 1, contextTokens});
  const weightBytes = layerBytes(manifest) + lmHeadBytes(manifest);
  const decode = {ours: [] as number[], theirs: [] as number[], floor: [] as number[]};
  const prefill = {ours: [] as number[], theirs: [] as number[]};
  for (let round = -1; round < ROUNDS; round += 1) {
    context.signal.throwIfAborted();
    const stepMs = await stepMsOf(page, {sessions: 1, promptTokens: PROMPT_TOKENS});
    const bytesPerSec = await page.evaluate(() => globalThis.enginePage.readBytesPerSec());
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
    prefill.ours.push((1_000 * PROMPT_TOKENS) / promptMs);
    prefill.theirs.push(answer.promptTokensPerSec);
    context.log(JSON.stringify({round, stepMs, answer, promptMs, bytesPerSec}));
  }
  printPaired(context, 'times as fast as wllama, decode', decode.theirs, decode.ours, LEAST_DECODE);
  printPaired(
    context,
    'times as fast as wllama, prefill',
    prefill.ours,
    prefill.theirs,
    LEAST_PREFILL,
  );
  printPaired(
    context,
    'part of what reading the weights allows, decode',
    decode.floor,
    decode.ours,
    LEAST_OF_FLOOR,
  );
  for (const [who, values] of Object.entries(decode)) {
    context.print(lineOfAll(`engine: a decode step, ${who}`, values, 'ms'));
  }
  for (const [who, values] of Object.entries(prefill)) {
    context.print(lineOfAll(`engine: a prompt of ${PROMPT_TOKENS}, ${who}`, values, 'tokens/s'));
  }
}

/** Where a decode step goes: each part beside what the reading of its weights takes, in the same round. */
async function profile(
  context: BenchmarkContext,
  {page, manifest}: {readonly page: Page; readonly manifest: Manifest},
): Promise<void> {
  const asked = {sessions: 1, promptTokens: PROMPT_TOKENS};
  const bytes = {layers: layerBytes(manifest), lmHead: lmHeadBytes(manifest)};
  const tookMs = {layers: [] as number[], lmHead: [] as number[]};
  const readMs = {layers: [] as number[], lmHead: [] as number[]};
  for (let round = 0; round < ROUNDS; round += 1) {
    context.signal.throwIfAborted();
    const layersMs = await stepMsOf(page, {...asked, output: 'hidden'});
    const wholeMs = await stepMsOf(page, asked);
    const bytesPerSec = await page.evaluate(() => globalThis.enginePage.readBytesPerSec());
    tookMs.layers.push(layersMs);
    tookMs.lmHead.push(wholeMs - layersMs);
    readMs.layers.push((1_000 * bytes.layers) / bytesPerSec);
    readMs.lmHead.push((1_000 * bytes.lmHead) / bytesPerSec);
  }
  for (const part of ['layers', 'lmHead'] as const) {
    const line = lineOfAll(`engine: of a decode step, ${PARTS[part]}`, tookMs[part], 'ms');
    const against = percentile(readMs[part], 50);
    context.print({...line, against, ratio: line.value / against});
  }
}

async function measureSizes({print, signal, log}: BenchmarkContext, page: Page): Promise<void> {
  for (const sessions of SESSIONS) {
    signal.throwIfAborted();
    const stepMs = await stepMsOf(page, {sessions, promptTokens: 64}, FEW_ROUNDS);
    print(lineOf(`engine: ${sessions} sessions at once`, (1_000 * sessions) / stepMs, 'tokens/s'));
  }
  const behindMs: number[] = [];
  for (const promptTokens of CONTEXTS) {
    signal.throwIfAborted();
    const promptMs = await promptMsOf(page, promptTokens);
    const rate = (1_000 * promptTokens) / promptMs;
    print(lineOf(`engine: a prompt of ${promptTokens} tokens`, rate, 'tokens/s'));
    const stepMs = await stepMsOf(page, {sessions: 1, promptTokens}, FEW_ROUNDS);
    print(lineOf(`engine: a decode step behind ${promptTokens} tokens`, stepMs, 'ms'));
    behindMs.push(stepMs);
  }
  const moreMs = (behindMs.at(-1) ?? Number.NaN) - (behindMs[0] ?? Number.NaN);
  const moreTokens = (CONTEXTS.at(-1) ?? Number.NaN) - (CONTEXTS[0] ?? Number.NaN);
  const cachedMs = (1_000 * moreMs) / moreTokens;
  print(lineOf('engine: of a decode step, attention to 1,000 cached tokens', cachedMs, 'ms'));
  const [memory] = await page.evaluate(() => globalThis.enginePage.memory());
  log(JSON.stringify(memory));
  print(lineOf('engine: memory of the weights', (memory?.weightBytes ?? 0) / 2 ** 20, 'MiB'));
}

async function stepMsOf(
  page: Page,
  asked: {
    readonly sessions: number;
    readonly promptTokens: number;
    readonly output?: 'hidden' | 'logits';
  },
  rounds = NEW_TOKENS,
): Promise<number> {
  return await page.evaluate((step) => globalThis.enginePage.stepMs(step), {...asked, rounds});
}

async function promptMsOf(page: Page, promptTokens: number): Promise<number> {
  return await page.evaluate((tokens) => globalThis.enginePage.promptMs(tokens), promptTokens);
}

/** What one decode step reads of the weights, which WASM keeps in f32. */
function layerBytes(manifest: Manifest): number {
  const range = {startLayer: 0, endLayer: manifest.spec.layerCount};
  return bytesInF32(tensorsOfCell(manifest, range));
}

function lmHeadBytes(manifest: Manifest): number {
  return bytesInF32(tensorsOfLmHead(manifest));
}

function bytesInF32(tensors: Iterable<{readonly shape: readonly number[]}>): number {
  return [...tensors].reduce(
    (sum, {shape}) => sum + 4 * shape.reduce((product, size) => product * size, 1),
    0,
  );
}

/** The median of the ratios of each round: the machine is no faster for the one than for the other. */
function printPaired(
  {print}: BenchmarkContext,
  name: string,
  values: readonly number[],
  against: readonly number[],
  floor: number,
): void {
  const ratios = values.map((value, at) => value / (against[at] ?? Number.NaN));
  const line = lineOfAll(`engine: ${name}`, ratios, 'times');
  print({...line, ratio: line.value, floor});
}

function lineOfAll(name: string, values: readonly number[], unit: string): BenchLine {
  return {
    name,
    value: percentile(values, 50),
    unit,
    ...spreadOf(values),
  };
}

/** Where there is a GPU, the same model on it; a processor that plays one says nothing about any. */
async function tellGpu(
  {log, signal, print}: BenchmarkContext,
  {url, manifest}: {readonly url: string; readonly manifest: Manifest},
): Promise<void> {
  await inEnginePage({url, engine: 'webgpu', log, signal}, async (page) => {
    const architecture = await page.evaluate(async () => {
      const adapter = await navigator.gpu.requestAdapter();
      return adapter?.info.architecture ?? null;
    });
    if (architecture === null || architecture === 'swiftshader') {
      print(lineOf('engine: on a GPU, unmeasured: there is none here', Number.NaN, 'ms'));
      return;
    }
    await load(page, manifest, 'webgpu');
    const stepMs = await stepMsOf(page, {sessions: 1, promptTokens: PROMPT_TOKENS});
    print(lineOf(`engine: a decode step on ${architecture}`, stepMs, 'ms'));
    const promptMs = await promptMsOf(page, PROMPT_TOKENS);
    const rate = (1_000 * PROMPT_TOKENS) / promptMs;
    print(lineOf(`engine: a prompt of ${PROMPT_TOKENS} on ${architecture}`, rate, 'tokens/s'));
  });
}
