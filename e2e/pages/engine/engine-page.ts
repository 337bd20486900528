import {assert} from '#shared/base/assert.ts';
import {asSessionId} from '#shared/base/ids.ts';
import type {GoldenVectors} from '#shared/model/golden/golden-vectors.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {sampleToken} from '#shared/session/sample-token.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {EngineError} from '../../../web/src/node/engine/engine-error.ts';
import type {
  EngineChoice,
  MeasuredShard,
} from '../../../web/src/node/engine/worker/engine-protocol.ts';
import type {LoadProgress} from '../../../web/src/node/engine/load-progress.ts';
import type {ShardMemory} from '../../../web/src/node/engine/shard-memory.ts';
import {shardRunnerContract} from '../../../web/src/node/engine/shard-runner.contract.ts';
import type {ShardInput, ShardRunner} from '../../../web/src/node/engine/shard-runner.ts';
import {requestGpuDevice} from '../../../web/src/node/engine/ort/webgpu/request-gpu-device.ts';
import {valuesOf} from '../../../web/src/node/engine/hidden-state.ts';
import {hiddenBehindCells} from '../../../web/src/node/engine/testing/hidden-behind-cells.ts';
import {runGoldenInput} from '../../../web/src/node/engine/proof/pass-golden-test.ts';
import {runStep} from '../../../web/src/node/engine/run-step.ts';
import {gpuBytesPerSec} from './gpu-bytes-per-sec.ts';
import {readBytesPerSec} from './read-bytes-per-sec.ts';
import {refuseOnGpu, roundOnGpu, topOnGpu} from './only-gpu.ts';
import {runTogether, type Together} from './run-together.ts';
import {giveBackThreads, takeThreadsOf} from './threads-of-page.ts';
import {promptMs, stepMs} from './time-steps.ts';
import {createWorkerShardRunner} from '../../../web/src/node/engine/worker/worker-shard-runner.ts';

type PageShard = {
  readonly engine?: EngineChoice;
  readonly golden?: GoldenVectors;
  readonly manifest: Manifest;
  readonly range: LayerRange;
  readonly weightsUrl: string;
  readonly kvBudgetBytes: number;
};
type Bits = {
  /** Hidden state after every layer, all positions: SHA-256 of its bytes. */
  readonly hiddenSha256: string;
  readonly dtype: string;
  readonly tokenIds: readonly number[];
  readonly logits: readonly number[];
  readonly logSumExp: number;
};

/** So many of the likeliest tokens are reported of each step. */
const BEST = 5;
const ONE_THREAD: EngineChoice = {kind: 'wasm', threadCount: 1};
const SESSION = asSessionId('00000000000000aa');
const runners: ShardRunner[] = [];
const workers: Worker[] = [];

// The page's only trick: it remembers the workers, so that a test can break one.
globalThis.Worker = class extends Worker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    workers.push(this);
  }
};

/** Gives up as soon as something has come. @returns the reason with which the load ended. */
async function abandonLoad(shard: PageShard): Promise<string> {
  const abandon = new AbortController();
  const loading = createWorkerShardRunner({
    engine: ONE_THREAD,
    keepsWeights: false,
    ...shard,
    embedding: false,
    lmHead: false,
    onProgress: () => {
      abandon.abort('no longer wanted');
    },
    signal: abandon.signal,
  });
  return await loading.then(
    () => 'loaded',
    (reason: unknown) => String(reason),
  );
}

async function load(
  shard: PageShard,
): Promise<{measured: MeasuredShard; progress: LoadProgress[]}> {
  const progress: LoadProgress[] = [];
  const {range, manifest} = shard;
  const {runner, measured} = await createWorkerShardRunner({
    engine: ONE_THREAD,
    keepsWeights: false,
    ...shard,
    embedding: range.startLayer === 0,
    lmHead: range.endLayer === manifest.spec.layerCount,
    onProgress: (step) => progress.push(step),
    signal: new AbortController().signal,
  });
  runners.push(runner);
  return {measured, progress};
}

async function unload(): Promise<void> {
  for (const runner of runners.splice(0)) await runner.close();
}

async function open(kvTokens: number): Promise<void> {
  for (const runner of runners) await runner.openSession(SESSION, kvTokens);
}

async function close(): Promise<void> {
  for (const runner of runners) await runner.closeSession(SESSION);
}

/** What each loaded shard holds. */
async function memory(): Promise<readonly ShardMemory[]> {
  return runners.map((runner) => runner.memory());
}

async function truncate(position: number): Promise<void> {
  for (const runner of runners) await runner.truncate(SESSION, position);
}

/** One piece through all loaded shards, in the order in which they were loaded. */
async function runPiece(
  tokenIds: readonly number[],
  position: number,
  output: 'hidden' | 'logits',
): Promise<{hidden: ShardInput; top: TopLogits | null}> {
  let input: ShardInput = {kind: 'tokens', tokenIds: Uint32Array.from(tokenIds)};
  for (const runner of runners) {
    const result = await runStep(runner, {
      sessionId: SESSION,
      position,
      tokenCount: tokenIds.length,
      input,
      range: runner.range,
      output: runner === runners.at(-1) ? output : 'hidden',
    });
    if (result.kind === 'logits') return {hidden: input, top: result.top};
    assert(result.kind === 'hidden', 'a shard gives what was asked for');
    input = result;
  }
  return {hidden: input, top: null};
}

/** Of the GPU that WebGPU runs on here; `null` where a processor plays one, or there is none. */
async function gpuName(): Promise<string | null> {
  const gpu = await requestGpuDevice().catch(() => null);
  gpu?.device.destroy();
  if (gpu === null || gpu.info.isFallbackAdapter) return null;
  const {vendor, architecture} = gpu.info;
  return [vendor, architecture].filter((part) => part !== '').join(' ');
}

type GreedyStep = {
  readonly tokenId: number;
  /** The likeliest tokens, best first. */
  readonly top: readonly {readonly id: number; readonly logit: number}[];
};

async function greedy(request: {
  readonly promptIds: readonly number[];
  readonly maxNewTokens: number;
  readonly endTokenIds: readonly number[];
}): Promise<readonly GreedyStep[]> {
  const {promptIds, maxNewTokens, endTokenIds} = request;
  const options = {temperature: 0, topK: 0, topP: 1, seed: 0};
  const generated: GreedyStep[] = [];
  let piece = promptIds;
  let position = 0;
  while (generated.length < maxNewTokens) {
    const {top} = await runPiece(piece, position, 'logits');
    assert(top !== null, 'the last shard has the LM head');
    position += piece.length;
    const tokenId = sampleToken(top, {...options, position});
    generated.push({tokenId, top: bestOf(top)});
    if (endTokenIds.includes(tokenId)) return generated;
    piece = [tokenId];
  }
  return generated;
}

function bestOf({tokenIds, logits}: TopLogits): GreedyStep['top'] {
  return Array.from(tokenIds.slice(0, BEST), (id, at) => ({id, logit: logits[at] ?? Number.NaN}));
}

/** Hidden states of all tokens, in pieces, and the logits after one more token. */
async function bitsOf(request: {
  readonly tokenIds: readonly number[];
  readonly pieces: readonly number[];
  readonly nextTokenId: number;
  readonly startPosition: number;
}): Promise<Bits> {
  let position = request.startPosition;
  const bytes: number[] = [];
  const dtypes = new Set<string>();
  for (const tokenCount of request.pieces) {
    const piece = request.tokenIds.slice(position, position + tokenCount);
    const {hidden} = await runPiece(piece, position, 'hidden');
    assert(hidden.kind === 'hidden', 'hidden states were asked for');
    bytes.push(...hidden.bytes);
    dtypes.add(hidden.dtype);
    position += tokenCount;
  }
  const {top} = await runPiece([request.nextTokenId], position, 'logits');
  assert(top !== null, 'logits were asked for');
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes));
  return {
    hiddenSha256: Array.from(new Uint8Array(digest), (byte) => byte.toString(16)).join(' '),
    dtype: [...dtypes].join(),
    tokenIds: [...top.tokenIds],
    logits: [...top.logits],
    logSumExp: top.logSumExp,
  };
}

/** Logits after each piece of a session, best first, by token. */
async function logitsOf(request: {
  readonly tokenIds: readonly number[];
  readonly pieces: readonly number[];
}): Promise<readonly (readonly (readonly [tokenId: number, logit: number])[])[]> {
  const tops: (readonly (readonly [number, number])[])[] = [];
  let position = 0;
  for (const tokenCount of request.pieces) {
    const piece = request.tokenIds.slice(position, position + tokenCount);
    const {top} = await runPiece(piece, position, 'logits');
    assert(top !== null, 'logits were asked for');
    tops.push(Array.from(top.tokenIds, (id, at) => [id, top.logits[at] ?? Number.NaN]));
    position += tokenCount;
  }
  return tops;
}

/** The only loaded shard, the whole model. */
function onlyRunner(): ShardRunner {
  const [runner] = runners;
  assert(runner !== undefined, 'a shard is loaded');
  return runner;
}

/** What each cell of the loaded shard, the whole model, passes on of a prompt, in its open session. */
async function hiddenBehind(request: {
  readonly pieces: readonly (readonly number[])[];
  readonly cutEvery: number;
}): Promise<readonly (readonly [layer: number, values: readonly number[]])[]> {
  const behind = await hiddenBehindCells(onlyRunner(), {sessionId: SESSION, ...request});
  return [...behind].map(([layer, values]) => [layer, [...values]]);
}

/** What the browser tells a page whose worker threw; in this very task, so no answer comes before. */
function crashWorker(): void {
  workers.at(-1)?.dispatchEvent(new ErrorEvent('error', {message: 'out of memory'}));
}

/** Errors lose their detail on their way out of a page: the code goes into the message. */
function tellCode<Args extends unknown[], Result>(
  act: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    try {
      return await act(...args);
    } catch (error) {
      if (error instanceof EngineError) error.message = `[${error.detail.code}] ${error.message}`;
      throw error;
    }
  };
}

/** What the loaded shard breaks of the contract that every runner keeps. */
async function brokenRules(kvTokens: number): Promise<readonly string[]> {
  const runner = onlyRunner();
  const broken: string[] = [];
  for (const {name, run} of shardRunnerContract) {
    await run({runner, kvTokens}).catch((error: unknown) =>
      broken.push(`${name}: ${String(error)}`),
    );
  }
  return broken;
}

/** What a cell of the loaded shard gives for the golden input. */
async function goldenValues(range: LayerRange, spec: Manifest['spec']): Promise<readonly number[]> {
  const output = await runGoldenInput(onlyRunner(), {range, spec});
  return output.kind === 'hidden' ? [...valuesOf(output)] : [];
}

const actions = {
  takeThreadsOf,
  giveBackThreads,
  goldenValues,
  hiddenBehind,
  brokenRules,
  refuseOnGpu,
  roundOnGpu,
  topOnGpu,
  logitsOf: tellCode(logitsOf),
  together: tellCode(async (asked: Together) => runTogether(onlyRunner(), asked)),
  load: tellCode(load),
  abandonLoad,
  unload,
  open: tellCode(open),
  close,
  memory,
  truncate,
  greedy,
  stepMs: async (asked: Parameters<typeof stepMs>[1]) => stepMs(onlyRunner(), asked),
  promptMs: async (promptTokens: number) => promptMs(onlyRunner(), promptTokens),
  readBytesPerSec,
  gpuName,
  gpuBytesPerSec,
  bitsOf,
  runPiece: tellCode(runPiece),
  crashWorker,
};

declare global {
  var enginePage: typeof actions;
}
globalThis.enginePage = actions;
