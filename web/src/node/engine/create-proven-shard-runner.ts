import {assert} from '#shared/assert.ts';
import {cellsOf} from '#shared/model/cut-grid.ts';
import {layerCount} from '#shared/model/layer-range.ts';
import {kvBytesPerTokenLayer} from '#shared/model/model-spec.ts';
import {compareEngines} from './compare-engines.ts';
import {EngineError, type EngineErrorDetail} from './engine-error.ts';
import type {EngineChoice, MeasuredShard} from './engine-protocol.ts';
import {TESTED_TOKENS} from './measure-shard.ts';
import type {ShardRunner} from './shard-runner.ts';
import {createWorkerShardRunner, type WorkerShardOptions} from './worker-shard-runner.ts';

/** Why layers run on the CPU although the GPU was asked for. */
export type EngineFallback = {
  readonly code: EngineErrorDetail['code'];
  /** A sentence for the person. */
  readonly message: string;
};

export type ProvenShard = {
  readonly runner: ShardRunner;
  readonly measured: MeasuredShard;
  /** `null` when it runs on what was asked for. */
  readonly fallback: EngineFallback | null;
};

/** What speaks against this GPU, and not against the weights or the request. */
const GPU_FAILURES: ReadonlySet<EngineErrorDetail['code']> = new Set([
  'WEBGPU_UNAVAILABLE',
  'SELF_TEST_FAILED',
  'ENGINES_DISAGREE',
  'NOT_FINITE',
  'ENGINE_LOST',
]);

/**
 * Loads a shard on the GPU, when that is the wish, and serves nothing from it
 * before it has said what WASM says: its last cell, and the LM head when it is there, on the same input.
 * A GPU that is missing, fails or says something else is replaced by WASM.
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
  readonly wish: EngineChoice['kind'];
  /** Of the CPU, for layers that run there. */
  readonly threadCount: number;
  readonly create?: typeof createWorkerShardRunner;
}): Promise<ProvenShard> {
  const onCpu = {...shard, engine: {kind: 'wasm', threadCount}} as const;
  if (wish === 'wasm') return {...(await create(onCpu)), fallback: null};
  try {
    const onGpu = await create({...shard, engine: {kind: 'webgpu'}});
    try {
      await prove(onGpu.runner, {...onCpu, create});
      return {...onGpu, fallback: null};
    } catch (error) {
      await onGpu.runner.close();
      throw error;
    }
  } catch (error) {
    shard.signal.throwIfAborted();
    if (!(error instanceof EngineError) || !GPU_FAILURES.has(error.detail.code)) throw error;
    const fallback = {code: error.detail.code, message: error.message};
    return {...(await create(onCpu)), fallback};
  }
}

async function prove(
  candidate: ShardRunner,
  {create, ...shard}: WorkerShardOptions & {readonly create: typeof createWorkerShardRunner},
): Promise<void> {
  const {manifest, lmHead} = shard;
  const {spec, cutEvery} = manifest;
  const range = cellsOf({layerCount: spec.layerCount, cutEvery}, shard.range).at(-1);
  assert(range !== undefined, 'a shard has a cell');
  const {runner: reference} = await create({
    ...shard,
    range,
    embedding: false,
    kvBudgetBytes: TESTED_TOKENS * kvBytesPerTokenLayer(spec) * layerCount(range),
    onProgress: () => undefined,
  });
  try {
    const {hiddenSize} = spec;
    await compareEngines({candidate, reference, range, hasLmHead: lmHead, hiddenSize});
  } finally {
    await reference.close();
  }
}
