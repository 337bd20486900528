import {assert} from '#shared/base/assert.ts';
import {cellsOf} from '#shared/model/cut-grid.ts';
import {layerCount} from '#shared/model/layer-range.ts';
import {kvBytesPerTokenLayer} from '#shared/model/model-spec.ts';
import {batchMs} from '#shared/scheduling/cost-model.ts';
import type {EngineFallback} from '../../../ports/lend-service.ts';
import {COMPARED_TOKENS, compareEngines} from '../proof/compare-engines.ts';
import {EngineError, type EngineErrorDetail} from '../engine-error.ts';
import type {MeasuredShard} from './engine-protocol.ts';
import {TESTED_TOKENS} from '../proof/measure-shard.ts';
import type {ShardRunner} from '../shard-runner.ts';
import {createWorkerShardRunner, type WorkerShardOptions} from './worker-shard-runner.ts';

export type ProvenShard = {
  readonly runner: ShardRunner;
  readonly measured: MeasuredShard;
  /** `null` when it runs on what was asked for. */
  readonly fallback: EngineFallback | null;
};

/** `best`: the GPU where it is right and no slower than the CPU. */
export type EngineWish = 'best' | 'webgpu' | 'wasm';

/** What speaks against this GPU, and not against the weights or the request. */
const GPU_FAILURES: ReadonlySet<EngineErrorDetail['code']> = new Set([
  'WEBGPU_UNAVAILABLE',
  'SELF_TEST_FAILED',
  'GOLDEN_TEST_FAILED',
  'ENGINES_DISAGREE',
  'NOT_FINITE',
  'ENGINE_LOST',
]);

/**
 * Loads a shard on the GPU, when that is the wish, and serves nothing from it before it
 * has agreed with WASM on the same input: its last cell, and the LM head if it has one.
 * A GPU that is missing, fails, says something else or is not worth it is replaced by WASM.
 *
 * @param options.create makes a runner that has passed its own test.
 * @throws {EngineError} as `createWorkerShardRunner` does, for failures that are not the GPU's.
 */
export async function createProvenShardRunner({
  create = createWorkerShardRunner,
  wish,
  threadCount,
  ...shard
}: Omit<WorkerShardOptions, 'engine'> & {
  readonly wish: EngineWish;
  /** Of the CPU, for layers that run there. */
  readonly threadCount: number;
  readonly create?: typeof createWorkerShardRunner;
}): Promise<ProvenShard> {
  const onCpu = {...shard, engine: {kind: 'wasm', threadCount}} as const;
  if (wish === 'wasm') return {...(await create(onCpu)), fallback: null};
  const onGpu = await tryGpu(wish, {...onCpu, create});
  if ('runner' in onGpu) return {...onGpu, fallback: null};
  shard.signal.throwIfAborted();
  return {...(await create(onCpu)), fallback: onGpu};
}

type Loaded = Omit<ProvenShard, 'fallback'>;
type OnCpu = WorkerShardOptions & {
  readonly engine: {readonly kind: 'wasm'};
  readonly create: typeof createWorkerShardRunner;
};

/** @returns the shard, or what speaks against the GPU; nothing is left of it then. */
async function tryGpu(wish: 'best' | 'webgpu', onCpu: OnCpu): Promise<Loaded | EngineFallback> {
  const {create, ...shard} = onCpu;
  try {
    const onGpu = await create({...shard, engine: {kind: 'webgpu'}});
    try {
      const cpu = await prove(onGpu.runner, onCpu);
      if (wish === 'webgpu' || layerMsOf(onGpu.measured) <= layerMsOf(cpu)) {
        return onGpu;
      }
      await onGpu.runner.close();
      return gpuSlower(onGpu.measured, cpu);
    } catch (error) {
      await onGpu.runner.close();
      throw error;
    }
  } catch (error) {
    if (!(error instanceof EngineError) || !GPU_FAILURES.has(error.detail.code)) throw error;
    return {code: error.detail.code, message: error.message};
  }
}

/**
 * In the code that the GPU has loaded already: that of WASM alone would be another download,
 * and most GPUs are right.
 *
 * @returns how fast the CPU is.
 */
async function prove(
  candidate: ShardRunner,
  {create, engine, ...shard}: OnCpu,
): Promise<MeasuredShard> {
  const {manifest, lmHead} = shard;
  const {spec, cutEvery} = manifest;
  const range = cellsOf({layerCount: spec.layerCount, cutEvery}, shard.range).at(-1);
  assert(range !== undefined, 'a shard has a cell');
  const {runner: reference, measured} = await create({
    ...shard,
    engine: {...engine, build: 'webgpu'},
    range,
    embedding: false,
    kvBudgetBytes:
      Math.max(TESTED_TOKENS, COMPARED_TOKENS) * kvBytesPerTokenLayer(spec) * layerCount(range),
    onProgress: () => undefined,
  });
  try {
    const {hiddenSize, contextTokens} = spec;
    const hasLmHead = lmHead;
    await compareEngines({candidate, reference, range, hasLmHead, hiddenSize, contextTokens});
    return measured;
  } finally {
    await reference.close();
  }
}

function layerMsOf({decodeMsPerLayer}: MeasuredShard): number {
  return batchMs(decodeMsPerLayer, 1);
}

function gpuSlower(gpu: MeasuredShard, cpu: MeasuredShard): EngineFallback {
  const [gpuMs, cpuMs] = [gpu, cpu].map(layerMsOf).map((ms) => ms.toFixed(ms < 10 ? 1 : 0));
  return {
    code: 'GPU_SLOWER',
    message: `The GPU takes ${gpuMs} ms for a layer, and the CPU ${cpuMs} ms`,
  };
}
