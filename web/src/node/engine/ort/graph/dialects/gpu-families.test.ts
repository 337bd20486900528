import {InferenceSession, Tensor, env} from 'onnxruntime-web/wasm';
import {expect, test} from 'vitest';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {dequantiseRows, type StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {TINY_FAMILIES} from '#shared/testing/tiny-models/tiny-families.ts';
import {relativeError} from '../../../proof/relative-error.ts';
import {attentionFeeds} from '../../attention-feeds.ts';
import {f32Values, OrtEngine} from '../../ort-engine.ts';
import type {BatchFeeds} from '../../shard-engine.ts';
import {wasmBatchFeeds} from '../../wasm/wasm-batch-feeds.ts';
import {sharedRoom} from '../../wasm/wasm-kv-memory.ts';
import {buildCellGraph} from '../build-cell-graph.ts';
import type {CellDialect} from '../cell-dialect.ts';
import {CELL_IO} from '../cell-io.ts';
import {createRotaryTables, type RotaryTables} from '../rotary-table.ts';
import {CPU_DIALECT} from './cpu-dialect.ts';
import {fitsOperator} from './gpu-attention.ts';
import {GPU_DIALECT} from './gpu-dialect.ts';

env.wasm.numThreads = 1;
env.logLevel = 'error';
const ort = new OrtEngine({InferenceSession, Tensor, env}, {executionProviders: ['wasm']});

/** More than a window of the tiny families. */
const TOKENS = 24;
const CAPACITY = 48;
const BATCH = {positions: [0], tokenCount: TOKENS};

test.each(Object.entries(TINY_FAMILIES))(
  '[GR13] the graph for a GPU says what that for the CPU says: %s',
  {timeout: 300_000},
  async (_, family) => {
    const file = tinyGguf({seed: 13, family});
    const manifest = await tinyManifest(file, {cutEvery: 1});
    const {spec} = manifest;
    const tensors = tensorsOf(manifest, file);
    const rotary = createRotaryTables(spec, CAPACITY, divisorsOf(spec, tensors));
    const room = sharedRoom(spec, [TOKENS]);
    const onCpu = await run(CPU_DIALECT, spec, tensors, {
      ...wasmBatchFeeds(ort, {spec, rotary}, BATCH),
      ...emptyCaches(spec, room),
    });
    const onGpu = await run(GPU_DIALECT, spec, tensors, {
      ...gpuFeeds(spec, rotary),
      ...emptyCaches(spec, CAPACITY),
    });
    expect(relativeError(onGpu, onCpu, spec.hiddenSize)).toBeLessThan(1e-5);
  },
);

async function run(
  dialect: CellDialect,
  spec: ModelSpec,
  tensors: ReadonlyMap<string, StoredTensor>,
  feeds: BatchFeeds,
): Promise<Float32Array> {
  const cell = {startLayer: 0, endLayer: spec.layerCount};
  const session = await ort.createSession(buildCellGraph(spec, cell, {tensors, ...dialect}));
  const shape = [1, TOKENS, spec.hiddenSize];
  const hidden = Float32Array.from(
    {length: TOKENS * spec.hiddenSize},
    (_, at) => ((at * 193) % 127) / 64 - 1,
  );
  const outputs = await session.run({...feeds, [CELL_IO.hidden]: ort.f32Tensor(hidden, shape)}, [
    CELL_IO.result,
  ]);
  await session.release();
  return f32Values(outputs, CELL_IO.result);
}

/** What a GPU's cell gets at its first piece. */
function gpuFeeds(spec: ModelSpec, {model, window}: RotaryTables): BatchFeeds {
  const shape = [model.positions, model.rowLength];
  const rows = BigInt64Array.from({length: TOKENS}, (_, at) => BigInt(at));
  return {
    [CELL_IO.lastPosition]: ort.i32Tensor(Int32Array.of(TOKENS - 1), [1]),
    [CELL_IO.totalTokens]: ort.i32Tensor(Int32Array.of(TOKENS), [1]),
    [CELL_IO.rotaryCos]: ort.f32Tensor(model.cos, shape),
    [CELL_IO.rotarySin]: ort.f32Tensor(model.sin, shape),
    ...(window && {
      [CELL_IO.windowCos]: ort.f32Tensor(window.cos, shape),
      [CELL_IO.windowSin]: ort.f32Tensor(window.sin, shape),
    }),
    ...(!fitsOperator(spec) && {
      ...attentionFeeds(ort, spec, {batch: BATCH, room: CAPACITY}),
      [CELL_IO.rotaryRows]: ort.i64Tensor(rows, [1, TOKENS]),
    }),
  };
}

function emptyCaches({layerCount, kvHeadCount, headSize}: ModelSpec, room: number): BatchFeeds {
  const shape = [1, kvHeadCount, room, headSize];
  const empty = () => ort.f32Tensor(new Float32Array(kvHeadCount * room * headSize), shape);
  const layers = Array.from({length: layerCount}, (_, layer) => layer);
  return Object.fromEntries(
    layers.flatMap((layer) => [
      [CELL_IO.pastKey(layer), empty()],
      [CELL_IO.pastValue(layer), empty()],
    ]),
  );
}

function tensorsOf({tensors}: Manifest, file: Uint8Array): ReadonlyMap<string, StoredTensor> {
  return new Map(
    tensors.map(({name, dtype, shape, offsetBytes, byteLength}) => [
      name,
      {dtype, shape, bytes: file.subarray(offsetBytes, offsetBytes + byteLength)},
    ]),
  );
}

function divisorsOf(
  {ropeDivisors, headSize}: ModelSpec,
  tensors: ReadonlyMap<string, StoredTensor>,
): Float32Array | null {
  const tensor = ropeDivisors === undefined ? undefined : tensors.get(ropeDivisors);
  if (tensor === undefined) return null;
  const values = new Float32Array(headSize / 2);
  dequantiseRows(tensor, {startRow: 0, endRow: 1}, values);
  return values;
}
