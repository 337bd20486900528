import {assert} from '#shared/base/assert.ts';
import {cellsOf} from '#shared/model/cut-grid.ts';
import {
  dequantiseRows,
  rowLength,
  type StoredTensor,
} from '#shared/model/storage/dequantise-rows.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import {rotaryTableBytes} from '#shared/model/model-spec.ts';
import type {Manifest, TensorEntry} from '#shared/model/manifest/manifest.ts';
import {
  sumByteLength,
  tensorsOfCell,
  tensorsOfEmbedding,
  tensorsOfLmHead,
  tensorsOfRotation,
  tensorsOfShard,
  type ShardShape,
} from '#shared/model/manifest/shard-tensors.ts';
import {createRotaryTables} from '../ort/graph/rotary-table.ts';
import {KvCache} from '../ort/kv-cache.ts';
import type {LoadProgress} from '../load-progress.ts';
import {OrtShardRunner} from '../ort/ort-shard-runner.ts';
import type {ShardCell, ShardEngine, ShardLmHead} from '../ort/shard-engine.ts';
import type {ShardRunner} from '../shard-runner.ts';
import {EmbeddingTable} from '../ort/weights/embedding-table.ts';
import {keepTensors, type FetchTensors} from '../weight-store/keep-tensors.ts';
import type {WeightStore} from '../weight-store/weight-store.ts';
import {readTensors} from './read-tensors.ts';

/** Progress is reported in steps of this part of the whole: often enough for the eye. */
const PROGRESS_STEPS = 200;

type Tensors = ReadonlyMap<string, StoredTensor>;
/** What is kept on the device as one file. */
type PartFile = {readonly name: string; readonly entries: readonly TensorEntry[]};
type Part = {
  readonly files: readonly PartFile[];
  readonly build: (tensors: Tensors) => Promise<void>;
};

/**
 * Fetches a shard's weights and builds its sessions, cell by cell: while one is
 * built, the next one is on its way, and no more than these two are in memory.
 *
 * @throws {EngineError} `WEIGHTS_UNREACHABLE`, `TENSOR_ALTERED`; the signal's reason when aborted.
 */
export async function createShardRunner<
  Kv extends {readonly tokenCount: number},
  Cell extends ShardCell,
>(options: {
  readonly engine: ShardEngine<Kv, Cell>;
  readonly manifest: Manifest;
  readonly shape: ShardShape;
  readonly weightsUrl: string;
  /** `null`: weights are fetched at every load. */
  readonly store: WeightStore | null;
  readonly kvBudgetBytes: number;
  readonly onProgress: (progress: LoadProgress) => void;
  readonly signal: AbortSignal;
}): Promise<ShardRunner> {
  const {engine, manifest, shape, weightsUrl, store, onProgress} = options;
  const {spec, cutEvery} = manifest;
  const grid = {layerCount: spec.layerCount, cutEvery};
  let embedding: EmbeddingTable | null = null;
  let lmHead: ShardLmHead | null = null;
  let divisors: Float32Array | null = null;
  const cells: Cell[] = [];
  const ranges = cellsOf(grid, shape.range);
  const cellsTotal = ranges.length + (shape.lmHead ? 1 : 0);
  const tellGraph = (): void => {
    onProgress({kind: 'graph', cellsDone: cells.length + (lmHead === null ? 0 : 1), cellsTotal});
  };

  // The ends first: tied, they are one download; and the LM head leaves room in the
  // engine's memory, which never shrinks, for the cells that follow.
  const ends: Part = {
    files: [...filesOfEnds(manifest, shape), ...filesOfRotation(manifest)],
    build: async (tensors) => {
      divisors = divisorsOf(manifest, tensors);
      if (shape.embedding) embedding = embeddingOf(manifest, tensors);
      if (shape.lmHead) lmHead = await engine.createLmHead(spec, tensors);
      tellGraph();
    },
  };
  const layers = ranges.map((range): Part => ({
    files: [fileOfCell(manifest, range)],
    build: async (tensors) => {
      cells.push(await engine.createCell(spec, range, tensors));
      tellGraph();
    },
  }));
  const onBytes = countBytes(sumByteLength(tensorsOfShard(manifest, shape)), onProgress);
  const {signal} = options;
  const fetch: FetchTensors = (entries, onTensor) =>
    readTensors({url: weightsUrl, entries, onBytes, onTensor, signal});
  await loadParts([ends, ...layers], (file) =>
    keepTensors({store, ...file, fetch, onBytes, onNews: onProgress}),
  );
  const {range} = shape;
  const {kvBudgetBytes: budgetBytes} = options;
  const memory = engine.kvMemory(spec, budgetBytes);
  const cache = new KvCache({spec, range, budgetBytes, memory});
  const rotary = createRotaryTables(spec, cache.mostPositions, divisors);
  const weightBytes = engine.weightBytes() + bytesBesideWeights(manifest, shape, cache);
  const batchFeeds = engine.batchFeeds(spec, rotary);
  const {mostSessions, runCells} = engine;
  const held = {embedding, cells, lmHead, weightBytes};
  const shard = {spec, grid, range, ...held, mostSessions, batchFeeds, runCells};
  return new OrtShardRunner(shard, cache);
}

function fileOfCell(manifest: Manifest, range: LayerRange): PartFile {
  const name = `layers-${range.startLayer}-${range.endLayer}`;
  return {name, entries: tensorsOfCell(manifest, range)};
}

/** The embedding is a file of its own: with tied weights both ends need it. */
function filesOfEnds(manifest: Manifest, shape: ShardShape): readonly PartFile[] {
  const embedding = new Set(tensorsOfEmbedding(manifest));
  const needed = new Set([
    ...(shape.embedding ? embedding : []),
    ...(shape.lmHead ? tensorsOfLmHead(manifest) : []),
  ]);
  const files = [
    {name: 'embedding', entries: [...needed].filter((entry) => embedding.has(entry))},
    {name: 'lm-head', entries: [...needed].filter((entry) => !embedding.has(entry))},
  ];
  return files.filter(({entries}) => entries.length > 0);
}

/** The embedding, as it is in the file, and the rotary tables. */
function bytesBesideWeights(
  manifest: Manifest,
  shape: ShardShape,
  {mostPositions}: {readonly mostPositions: number},
): number {
  const embeddingBytes = shape.embedding ? sumByteLength(tensorsOfEmbedding(manifest)) : 0;
  return embeddingBytes + rotaryTableBytes(manifest.spec, mostPositions);
}

/** A few numbers, which every shard of the model needs. */
function filesOfRotation(manifest: Manifest): readonly PartFile[] {
  const entries = tensorsOfRotation(manifest);
  return entries.length > 0 ? [{name: 'rotation', entries}] : [];
}

function divisorsOf(manifest: Manifest, tensors: Tensors): Float32Array | null {
  const [entry] = tensorsOfRotation(manifest);
  const tensor = entry && tensors.get(entry.name);
  if (tensor === undefined) return null;
  const values = new Float32Array(rowLength(tensor));
  dequantiseRows(tensor, {startRow: 0, endRow: 1}, values);
  return values;
}

function embeddingOf(manifest: Manifest, tensors: Tensors): EmbeddingTable {
  const [entry] = tensorsOfEmbedding(manifest);
  const tensor = entry && tensors.get(entry.name);
  assert(tensor !== undefined, 'the embedding was loaded');
  return new EmbeddingTable(tensor, manifest.spec.embeddingScale ?? 1);
}

/** Builds part after part; each read starts before the build of the part in front of it. */
async function loadParts(
  parts: readonly Part[],
  read: (file: PartFile) => Promise<Tensors>,
): Promise<void> {
  let ahead = startRead(parts[0], read);
  for (const [at, part] of parts.entries()) {
    const tensors = await ahead;
    ahead = startRead(parts[at + 1], read);
    await part.build(tensors);
  }
}

function startRead(
  part: Part | undefined,
  read: (file: PartFile) => Promise<Tensors>,
): Promise<Tensors> {
  const reading = readAll(part?.files ?? [], read);
  // Awaited after the build in front of it; until then a failure must not count as unhandled.
  reading.catch(() => undefined);
  return reading;
}

async function readAll(
  files: readonly PartFile[],
  read: (file: PartFile) => Promise<Tensors>,
): Promise<Tensors> {
  const tensors = await Promise.all(files.map(read));
  return new Map(tensors.flatMap((some) => [...some]));
}

function countBytes(
  bytesTotal: number,
  onProgress: (progress: LoadProgress) => void,
): (byteCount: number) => void {
  let bytesDone = 0;
  let reportedBytes = 0;
  return (byteCount) => {
    bytesDone += byteCount;
    if (bytesDone - reportedBytes < bytesTotal / PROGRESS_STEPS && bytesDone < bytesTotal) return;
    reportedBytes = bytesDone;
    // Gaps between tensors are read too.
    onProgress({kind: 'weights', bytesDone: Math.min(bytesDone, bytesTotal), bytesTotal});
  };
}
