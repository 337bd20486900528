import type {Manifest} from '#shared/model/manifest.ts';
import {sumByteLength, tensorsOfEmbedding} from '#shared/model/shard-tensors.ts';
import {
  capacityOfLayers,
  capacityOfMemory,
  type LayerCapacity,
} from '#shared/model/layer-capacity.ts';
import {kvBytesPerTokenLayer} from '#shared/model/model-spec.ts';
import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import type {LendRequest, LoadStep} from '../../chat/lend-service.ts';
import {createStubShardRunner} from '../engine/stub-shard-runner.ts';
import type {LoadProgress} from '../engine/load-progress.ts';
import type {ShardRunner} from '../engine/shard-runner.ts';
import {createWorkerShardRunner} from '../engine/worker-shard-runner.ts';
import type {OfferedModel} from '../model/load-manifest.ts';
import {KV_TOKENS} from './lending-limits.ts';

/** A shard that runs, and how fast: measured on this machine with the layers themselves. */
export type LoadedShard = {
  readonly runner: ShardRunner;
  readonly decodeMsPerLayer: number;
  readonly prefillMsPerTokenLayer: number;
  /** Ends the engine as a crash would. */
  readonly crash: () => void;
};

export type LoadOptions = {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LoadStep) => void;
};

/** Which arithmetic an engine stands for: equal classes give equal bits. */
export const ENGINE_CLASSES = {wasm: 'wasm-f32', stub: 'stub'} as const;

/** What a stub says that it costs, per layer: a fixed part and a part per token. */
const STUB_MS = {fixed: 0.2, perToken: 0.05};

/** What this tab can hold, as it declares it to the others. */
export function capacityOf(manifest: Manifest, {capacity}: LendRequest): LayerCapacity {
  if (capacity.kind === 'layers') return capacityOfLayers(manifest.spec, capacity.maxLayers);
  return capacityOfMemory(manifest.spec, {
    budgetBytes: capacity.memoryMiB * 1024 * 1024,
    kvTokens: KV_TOKENS,
    embeddingBytes: sumByteLength(tensorsOfEmbedding(manifest)),
  });
}

/** Fetches, builds and measures the layers of a shard. */
export async function loadShard(
  model: OfferedModel,
  shard: PlacedShard,
  {engine, stubSlowdown = 1}: LendRequest,
  options: LoadOptions,
): Promise<LoadedShard> {
  const {startLayer, endLayer, embedding, lmHead} = shard;
  const range = {startLayer, endLayer};
  const {spec} = model.manifest;
  if (engine === 'stub') {
    const crash = new AbortController();
    const fixedMsPerLayer = STUB_MS.fixed * stubSlowdown;
    const msPerTokenLayer = STUB_MS.perToken * stubSlowdown;
    const runner = createStubShardRunner({
      spec,
      range,
      fixedMsPerLayer,
      msPerTokenLayer,
      kvTokens: KV_TOKENS,
      waitMs: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
      lost: crash.signal,
    });
    return {
      runner,
      decodeMsPerLayer: fixedMsPerLayer + msPerTokenLayer,
      prefillMsPerTokenLayer: msPerTokenLayer,
      crash: () => {
        crash.abort();
      },
    };
  }
  const {runner, measured} = await createWorkerShardRunner({
    engine: {kind: 'wasm', threadCount: 1},
    manifest: model.manifest,
    range,
    embedding,
    lmHead,
    weightsUrl: model.weightsUrl,
    kvBudgetBytes: KV_TOKENS * kvBytesPerTokenLayer(spec) * (endLayer - startLayer),
    signal: options.signal,
    onProgress: (progress) => {
      options.onProgress(stepOf(progress));
    },
  });
  return {runner, ...measured, crash: () => void runner.close()};
}

function stepOf(progress: LoadProgress): LoadStep {
  switch (progress.kind) {
    case 'weights':
      return {step: progress.kind, done: progress.bytesDone, total: progress.bytesTotal};
    case 'graph':
      return {step: progress.kind, done: progress.cellsDone, total: progress.cellsTotal};
    case 'warm-up':
      return {step: progress.kind, done: progress.runsDone, total: progress.runsTotal};
  }
}
