import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {sumByteLength, tensorsOfEmbedding} from '#shared/model/manifest/shard-tensors.ts';
import {
  capacityOfLayers,
  capacityOfMemory,
  type LayerCapacity,
} from '#shared/model/manifest/layer-capacity.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import {kvBytesPerTokenLayer, type ModelSpec} from '#shared/model/model-spec.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import type {EngineFallback, EngineKind, LoadStep} from '../../ports/lend-service.ts';
import type {LabLendRequest} from './lab-lend.ts';
import {createProvenShardRunner} from '../engine/worker/create-proven-shard-runner.ts';
import {engineLost} from '../engine/engine-error.ts';
import type {EngineClass} from '../engine/engine-class.ts';
import {createStubShardRunner} from '../engine/stub/stub-shard-runner.ts';
import type {KeepNews, LoadProgress} from '../engine/load-progress.ts';
import type {ShardSpeed} from '../engine/proof/measure-shard.ts';
import type {ShardRunner} from '../engine/shard-runner.ts';
import {loadGoldenVectors} from '#shared/client/model/load-golden-vectors.ts';
import type {OfferedModel} from '#shared/client/model/load-manifest.ts';
import {LENT_KV_TOKENS} from '#shared/session/lent-kv-tokens.ts';
import {SlowableRunner} from './slowable-runner.ts';

/** A shard that runs, and how fast: measured on this machine with the layers themselves. */
export type LoadedShard = {
  readonly runner: SlowableRunner;
  readonly engineClass: EngineClass;
  /** Why it runs on the CPU although a GPU was asked for; `null` when it does not. */
  readonly fallback: EngineFallback | null;
  readonly keepNews: readonly KeepNews[];
  readonly speed: ShardSpeed;
  /** Ends the engine as a crash would. */
  readonly crash: () => void;
};

export type LoadOptions = {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LoadStep) => void;
  /** The engine died by itself. */
  readonly onLost: (cause: unknown) => void;
};

/** What a record says before there are layers: on a GPU, which one it is comes with them. */
export const EXPECTED_ENGINE_CLASSES = {
  best: 'webgpu-unknown',
  wasm: 'wasm-f32',
  webgpu: 'webgpu-unknown',
  stub: 'stub',
} as const satisfies Record<EngineKind, EngineClass>;

/** What a stub says that it costs, per layer: a fixed part and a part per token. */
const STUB_MS = {fixed: 0.2, perToken: 0.05};

/** What a record says of speed before there are layers: a stub declares it, an engine has to measure it. */
export function declaredSpeedOf({
  engine,
  stubSlowdown = 1,
}: LabLendRequest): Pick<NodeRecord, 'decodeMsPerLayer' | 'prefillMsPerTokenLayer'> {
  const slowdown = engine === 'stub' ? stubSlowdown : 0;
  const fixedMs = STUB_MS.fixed * slowdown;
  const perSessionMs = STUB_MS.perToken * slowdown;
  return {
    decodeMsPerLayer: {fixedMs, perSessionMs},
    prefillMsPerTokenLayer: perSessionMs,
  };
}

/** What this tab can hold, as it declares it to the others. */
export function capacityOf(manifest: Manifest, {capacity}: LabLendRequest): LayerCapacity {
  if (capacity.kind === 'layers') return capacityOfLayers(manifest.spec, capacity.maxLayers);
  return capacityOfMemory(manifest.spec, {
    budgetBytes: capacity.memoryMiB * 1024 * 1024,
    kvTokens: LENT_KV_TOKENS,
    embeddingBytes: sumByteLength(tensorsOfEmbedding(manifest)),
  });
}

/** Fetches, builds, proves and measures the layers of a shard. */
export async function loadShard(
  model: OfferedModel,
  shard: PlacedShard,
  request: LabLendRequest,
  options: LoadOptions,
): Promise<LoadedShard> {
  const {engine, threadCount = 1, keepsWeights = false} = request;
  const {startLayer, endLayer, embedding, lmHead} = shard;
  const range = {startLayer, endLayer};
  const {spec} = model.manifest;
  if (engine === 'stub') return loadStub(spec, range, request, options);
  const golden = await loadGoldenVectors(model, options);
  const keepNews: KeepNews[] = [];
  const {runner, measured, fallback} = await createProvenShardRunner({
    wish: engine,
    threadCount,
    manifest: model.manifest,
    golden,
    range,
    embedding,
    lmHead,
    weightsUrl: model.weightsUrl,
    kvBudgetBytes: LENT_KV_TOKENS * kvBytesPerTokenLayer(spec) * (endLayer - startLayer),
    keepsWeights,
    signal: options.signal,
    onLost: options.onLost,
    onProgress: (progress) => {
      if (progress.kind === 'not-kept' || progress.kind === 'kept-damaged') keepNews.push(progress);
      else options.onProgress(stepOf(progress));
    },
  });
  const {engineClass, ...speed} = measured;
  return {
    runner: slowableOf(runner),
    engineClass,
    fallback,
    keepNews,
    speed,
    crash: () => {
      void runner.close();
      options.onLost(engineLost('it crashed'));
    },
  };
}

function loadStub(
  spec: ModelSpec,
  range: LayerRange,
  {stubSlowdown = 1}: LabLendRequest,
  {onLost}: LoadOptions,
): LoadedShard {
  const crash = new AbortController();
  const fixedMsPerLayer = STUB_MS.fixed * stubSlowdown;
  const msPerTokenLayer = STUB_MS.perToken * stubSlowdown;
  const runner = createStubShardRunner({
    spec,
    range,
    fixedMsPerLayer,
    msPerTokenLayer,
    kvTokens: LENT_KV_TOKENS,
    waitMs,
    lost: crash.signal,
  });
  return {
    runner: slowableOf(runner),
    engineClass: 'stub',
    fallback: null,
    keepNews: [],
    speed: {
      decodeMsPerLayer: {fixedMs: fixedMsPerLayer, perSessionMs: msPerTokenLayer},
      prefillMsPerTokenLayer: msPerTokenLayer,
      lmHeadMs: null,
    },
    crash: () => {
      crash.abort();
      onLost(engineLost('it crashed'));
    },
  };
}

function slowableOf(runner: ShardRunner): SlowableRunner {
  return new SlowableRunner(runner, {nowMs: () => performance.now(), waitMs});
}

async function waitMs(ms: number): Promise<void> {
  await new Promise((resolve) => void setTimeout(resolve, ms));
}

function stepOf(progress: Exclude<LoadProgress, KeepNews>): LoadStep {
  switch (progress.kind) {
    case 'weights':
      return {step: progress.kind, done: progress.bytesDone, total: progress.bytesTotal};
    case 'graph':
      return {step: progress.kind, done: progress.cellsDone, total: progress.cellsTotal};
    case 'warm-up':
      return {step: progress.kind, done: progress.runsDone, total: progress.runsTotal};
  }
}
