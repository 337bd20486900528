import type {Page} from 'playwright';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {inEnginePage} from '../../../pages/engine/in-engine-page.ts';
import {beforeNextWorker} from '../../../swarm/faults/before-next-worker.ts';
import {lineOf, lineOfAll} from '../bench-line.ts';
import type {BenchmarkContext} from '../benchmark.ts';
import {fileBytes} from './bytes-of-step.ts';
import {load, NEW_TOKENS, promptMsOf, stepMsOf} from './engine-page-steps.ts';
import {measureSizes} from './measure-sizes.ts';

const ROUNDS = 10;
const PROMPT_TOKENS = 128;
/** Steps whose calls are counted are the difference of two runs: each has a prompt too. */
const FEW_TOKENS = 8;

/** What a step asks of the GPU, and in what that is counted. */
const CALLS = [
  {kind: 'dispatches', words: 'dispatches', unit: 'times'},
  {kind: 'submissions', words: 'submissions to the queue', unit: 'times'},
  {kind: 'uploads', words: 'uploads', unit: 'times'},
  {kind: 'uploadBytes', words: 'uploads', unit: 'bytes'},
  {kind: 'readBacks', words: 'read-backs', unit: 'times'},
] as const;
type Calls = Record<(typeof CALLS)[number]['kind'], number>;

/** Counts in the worker of the engine what it asks of the GPU. */
const COUNT_CALLS = `
  const calls = (globalThis.gpuCalls = {dispatches: 0, submissions: 0, uploads: 0, uploadBytes: 0, readBacks: 0});
  const count = (type, name, add) => {
    const plain = type.prototype[name];
    type.prototype[name] = function (...given) {
      add(given);
      return plain.apply(this, given);
    };
  };
  count(GPUComputePassEncoder, 'dispatchWorkgroups', () => { calls.dispatches += 1; });
  count(GPUComputePassEncoder, 'dispatchWorkgroupsIndirect', () => { calls.dispatches += 1; });
  count(GPUQueue, 'submit', () => { calls.submissions += 1; });
  count(GPUQueue, 'writeBuffer', ([, , data, from = 0, size]) => {
    calls.uploads += 1;
    calls.uploadBytes += size ?? data.byteLength - from;
  });
  count(GPUDevice, 'createBuffer', ([{size, mappedAtCreation = false}]) => {
    if (!mappedAtCreation) return;
    calls.uploads += 1;
    calls.uploadBytes += size;
  });
  count(GPUBuffer, 'mapAsync', () => { calls.readBacks += 1; });
`;

declare global {
  var gpuCalls: Calls;
}

/** The whole model on the GPU of this machine. A processor that plays one says nothing about any. */
export async function measureGpu(
  context: BenchmarkContext,
  {url, manifest}: {readonly url: string; readonly manifest: Manifest},
): Promise<void> {
  const {log, signal, print} = context;
  await inEnginePage({url, engine: 'webgpu', log, signal}, async (page) => {
    const gpu = await page.evaluate(() => globalThis.enginePage.gpuName());
    if (gpu === null) {
      print(lineOf('engine on a GPU, unmeasured: there is none here', Number.NaN, 'ms'));
      return;
    }
    const name = `engine on ${gpu}`;
    await beforeNextWorker(page, COUNT_CALLS);
    const startMs = performance.now();
    await load(page, manifest, {kind: 'webgpu'});
    print(lineOf(`${name}: from the file to a measured shard`, performance.now() - startMs, 'ms'));
    await measureSteps(context, {page, manifest, name});
    await countCalls(context, page, name);
    await measureSizes(context, page, name);
  });
}

async function measureSteps(
  {print, signal}: BenchmarkContext,
  {page, manifest, name}: {readonly page: Page; readonly manifest: Manifest; readonly name: string},
): Promise<void> {
  const stepMs: number[] = [];
  const promptRates: number[] = [];
  for (let round = -1; round < ROUNDS; round += 1) {
    signal.throwIfAborted();
    const step = await stepMsOf(page, {sessions: 1, promptTokens: PROMPT_TOKENS});
    const promptMs = await promptMsOf(page, PROMPT_TOKENS);
    // The first of each is slower.
    if (round < 0) continue;
    stepMs.push(step);
    promptRates.push((1_000 * PROMPT_TOKENS) / promptMs);
  }
  const bytesPerSec = await page.evaluate(() => globalThis.enginePage.gpuBytesPerSec());
  // On a GPU weights are as small as in the file.
  const floorMs = (1_000 * fileBytes(manifest)) / bytesPerSec;
  const line = lineOfAll(`${name}: a decode step`, stepMs, 'ms');
  print({...line, against: floorMs, ratio: line.value / floorMs});
  print(lineOfAll(`${name}: a prompt of ${PROMPT_TOKENS}`, promptRates, 'tokens/s'));
}

async function countCalls({print}: BenchmarkContext, page: Page, name: string): Promise<void> {
  for (const sessions of [1, 8]) {
    const asked = {sessions, promptTokens: 64};
    const before = await callsOf(page);
    await stepMsOf(page, asked, FEW_TOKENS);
    const between = await callsOf(page);
    await stepMsOf(page, asked, NEW_TOKENS);
    const after = await callsOf(page);
    for (const {kind, words, unit} of CALLS) {
      const more = after[kind] - between[kind] - (between[kind] - before[kind]);
      const perStep = more / (NEW_TOKENS - FEW_TOKENS);
      print(lineOf(`${name}: ${words} of a step of ${sessions}`, perStep, unit));
    }
  }
}

async function callsOf(page: Page): Promise<Calls> {
  const [worker] = page.workers();
  if (worker === undefined) throw new Error('The engine has no worker');
  return await worker.evaluate(() => globalThis.gpuCalls);
}
