import {beforeAll, expect, test} from 'vitest';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {createProvenShardRunner, type EngineWish} from './create-proven-shard-runner.ts';
import {EngineError} from '../engine-error.ts';
import type {ShardOutput, ShardRunner} from '../shard-runner.ts';
import {createStubShardRunner} from '../stub/stub-shard-runner.ts';
import type {createWorkerShardRunner} from './worker-shard-runner.ts';

let manifest: Manifest;
beforeAll(async () => {
  manifest = await tinyManifest(tinyGguf({seed: 3}), {cutEvery: 2});
});

const MEASURED = {mostSessions: 1, prefillMsPerTokenLayer: 1, lmHeadMs: null, threadCount: 1};

/** Engines that say the same on both kinds, but for what `faults` does to the GPU's. */
function enginesWith(faults: {
  readonly onLoad?: () => void;
  readonly onRun?: (output: ShardOutput) => ShardOutput;
  readonly aloneMs?: number;
}) {
  /** Kinds, foreign builds and layers of what was loaded, and whether it still runs. */
  const loads: string[] = [];
  const create: typeof createWorkerShardRunner = async ({engine, range, signal}) => {
    signal.throwIfAborted();
    const build = engine.kind === 'wasm' && engine.build ? ` by ${engine.build}` : '';
    const at = loads.push(`${engine.kind}${build} ${range.startLayer}–${range.endLayer}`) - 1;
    const isGpu = engine.kind === 'webgpu';
    if (isGpu) faults.onLoad?.();
    const stub = createStubShardRunner({
      spec: manifest.spec,
      range,
      fixedMsPerLayer: 0,
      msPerTokenLayer: 0,
      kvTokens: 100,
      waitMs: () => Promise.resolve(),
    });
    const runner: ShardRunner = {
      ...stub,
      run: async (steps) => {
        const results = await stub.run(steps);
        const {onRun} = faults;
        if (!isGpu || onRun === undefined) return results;
        return results.map((result) =>
          result.kind === 'ran' ? {...result, output: onRun(result.output)} : result,
        );
      },
      close: async () => {
        loads[at] += ' closed';
        await stub.close();
      },
    };
    const engineClass = isGpu ? 'webgpu-test' : 'wasm-f32';
    const aloneMs = isGpu ? (faults.aloneMs ?? 1) : 1;
    const decodeMsPerLayer = {fixedMs: aloneMs, perSessionMs: 0};
    return {runner, measured: {...MEASURED, decodeMsPerLayer, engineClass}};
  };
  return {create, loads};
}

function load(
  create: typeof createWorkerShardRunner,
  {
    lmHead = true,
    wish = 'webgpu',
    signal = new AbortController().signal,
  }: {lmHead?: boolean; wish?: EngineWish; signal?: AbortSignal} = {},
) {
  return createProvenShardRunner({
    wish,
    threadCount: 1,
    create,
    manifest,
    range: {startLayer: 0, endLayer: 4},
    embedding: true,
    lmHead,
    weightsUrl: 'model.gguf',
    keepsWeights: false,
    kvBudgetBytes: 1e6,
    onProgress: () => undefined,
    signal,
  });
}

test('[PE1] a GPU that says what the CPU says is used, after one cell of the CPU', async () => {
  const {create, loads} = enginesWith({});
  const {measured, fallback} = await load(create);
  expect(measured.engineClass).toBe('webgpu-test');
  expect(fallback).toBeNull();
  expect(loads).toEqual(['webgpu 0–4', 'wasm by webgpu 2–4 closed']);
});

/** What a wrong kernel does: one row of a long piece is another's. */
function wrongRow(output: ShardOutput): ShardOutput {
  if (output.kind !== 'hidden') return output;
  const bytes = output.bytes.slice();
  const rowBytes = manifest.spec.hiddenSize * 2;
  if (bytes.length > 32 * rowBytes) bytes.copyWithin(33 * rowBytes, 32 * rowBytes, 33 * rowBytes);
  return {...output, bytes};
}

function wrongLogits(output: ShardOutput): ShardOutput {
  if (output.kind !== 'logits') return output;
  return {kind: 'logits', top: {...output.top, logits: output.top.logits.map((x) => x * 1.01)}};
}

function notANumber(output: ShardOutput): ShardOutput {
  if (output.kind !== 'hidden') return output;
  return {...output, bytes: output.bytes.map(() => 0xff)};
}

for (const [what, onRun] of [
  ['one row', wrongRow],
  ['logits', wrongLogits],
  ['NaN values', notANumber],
] as const) {
  test(`[PE2] a GPU with other numbers than the CPU is replaced by it, with the reason: ${what}`, async () => {
    const {create, loads} = enginesWith({onRun});
    const {runner, measured, fallback} = await load(create);
    expect(measured.engineClass).toBe('wasm-f32');
    expect(fallback?.code).toBe('ENGINES_DISAGREE');
    expect(fallback?.message).toContain('The GPU gives other numbers than the CPU');
    expect(loads).toEqual(['webgpu 0–4 closed', 'wasm by webgpu 2–4 closed', 'wasm 0–4']);
    await runner.close();
  });
}

test('[PE3] a GPU that is missing or fails is replaced by the CPU, with the reason', async () => {
  for (const code of ['WEBGPU_UNAVAILABLE', 'SELF_TEST_FAILED', 'ENGINE_LOST'] as const) {
    const {create, loads} = enginesWith({
      onLoad: () => {
        throw new EngineError({code}, 'This browser has no WebGPU');
      },
    });
    const {measured, fallback} = await load(create, {lmHead: false});
    expect(measured.engineClass).toBe('wasm-f32');
    expect(fallback).toEqual({code, message: 'This browser has no WebGPU'});
    expect(loads).toEqual(['webgpu 0–4', 'wasm 0–4']);
  }
});

test('[PE4] what is not the fault of the GPU is not tried again on the CPU', async () => {
  const url = 'model.gguf';
  const {create, loads} = enginesWith({
    onLoad: () => {
      throw new EngineError(
        {code: 'WEIGHTS_UNREACHABLE', url, status: 404, fault: 'refused'},
        'Not there',
      );
    },
  });
  await expect(load(create)).rejects.toThrow('Not there');
  const abort = new AbortController();
  const aborted = enginesWith({
    onLoad: () => {
      abort.abort(new Error('No longer wanted'));
      throw new EngineError({code: 'ENGINE_LOST'}, 'The engine is gone');
    },
  });
  await expect(load(aborted.create, {signal: abort.signal})).rejects.toThrow('No longer wanted');
  expect([...loads, ...aborted.loads]).toEqual(['webgpu 0–4', 'webgpu 0–4']);
});

test('[PE5] for the best engine a GPU slower than the CPU does not count, unless it is requested explicitly', async () => {
  const slow = enginesWith({aloneMs: 90.25});
  const {measured, fallback} = await load(slow.create, {wish: 'best'});
  expect(measured.engineClass).toBe('wasm-f32');
  expect(fallback).toEqual({
    code: 'GPU_SLOWER',
    message: 'The GPU takes 90 ms for a layer, and the CPU 1.0 ms',
  });
  expect(slow.loads).toEqual(['webgpu 0–4 closed', 'wasm by webgpu 2–4 closed', 'wasm 0–4']);
  expect((await load(slow.create, {wish: 'webgpu'})).fallback).toBeNull();
  const fast = enginesWith({aloneMs: 0.5});
  expect((await load(fast.create, {wish: 'best'})).fallback).toBeNull();
});
