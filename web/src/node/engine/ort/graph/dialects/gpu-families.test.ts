import {InferenceSession, Tensor, env} from 'onnxruntime-web/wasm';
import {expect, test} from 'vitest';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {isWindowed} from '#shared/model/layer-kind.ts';
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
/** Of a second piece; and how many positions layers with a window have forgotten then. */
const MORE_TOKENS = 8;
const GONE = 5;
const PLACES = {room: CAPACITY, mostKept: Number.POSITIVE_INFINITY};
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
      feeds: {...wasmBatchFeeds(ort, {spec, rotary}, BATCH), ...emptyCaches(spec, room)},
      tokenCount: TOKENS,
    });
    const onGpu = await run(GPU_DIALECT, spec, tensors, {
      feeds: {...gpuFeeds(spec, rotary), ...emptyCaches(spec, CAPACITY)},
      tokenCount: TOKENS,
    });
    expect(relativeError(onGpu, onCpu, spec.hiddenSize)).toBeLessThan(1e-5);
  },
);

test.each(['gemma2', 'gemma3', 'phi3'])(
  '[GR13] [KV10] on a GPU the layers of %s with a window count from the first position that they hold',
  {timeout: 300_000},
  async (architecture) => {
    const family = TINY_FAMILIES[architecture];
    const file = tinyGguf({seed: 13, ...(family && {family})});
    const manifest = await tinyManifest(file, {cutEvery: 1});
    const {spec} = manifest;
    const tensors = tensorsOf(manifest, file);
    const rotary = createRotaryTables(spec, CAPACITY, divisorsOf(spec, tensors));
    const all = TOKENS + MORE_TOKENS;
    const whole = {positions: [0], tokenCount: all};
    const feeds = {
      ...wasmBatchFeeds(ort, {spec, rotary}, whole),
      ...emptyCaches(spec, sharedRoom(spec, [all])),
    };
    const onCpu = await run(CPU_DIALECT, spec, tensors, {feeds, tokenCount: all});
    const session = await sessionOf(GPU_DIALECT, spec, tensors);
    const first = await session.run({
      ...gpuFeeds(spec, rotary),
      ...emptyCaches(spec, CAPACITY),
      ...hiddenOf(spec, whole.tokenCount, {from: 0, to: TOKENS}),
    });
    const outputs = await session.run({
      ...gpuFeeds(spec, rotary, {position: TOKENS, tokenCount: MORE_TOKENS, firstPosition: GONE}),
      ...heldCaches(spec, first),
      ...hiddenOf(spec, whole.tokenCount, {from: TOKENS, to: all}),
    });
    await session.release();
    const expected = onCpu.subarray(TOKENS * spec.hiddenSize);
    const onGpu = f32Values(outputs, CELL_IO.result);
    expect(relativeError(onGpu, expected, spec.hiddenSize)).toBeLessThan(1e-5);
  },
);

/** What a first piece has left in the caches; of layers with a window the first positions have gone. */
function heldCaches(spec: ModelSpec, outputs: InferenceSession.OnnxValueMapType): BatchFeeds {
  const {layerCount, kvHeadCount, headSize} = spec;
  const shape = [1, kvHeadCount, CAPACITY, headSize];
  const moved = (name: string, gone: number) => {
    const values = f32Values(outputs, name);
    const kept = new Float32Array(values.length);
    for (let head = 0; head < kvHeadCount; head += 1) {
      const start = head * CAPACITY * headSize;
      const own = values.subarray(start + gone * headSize, start + TOKENS * headSize);
      kept.set(own, start);
    }
    return ort.f32Tensor(kept, shape);
  };
  const layers = Array.from({length: layerCount}, (_, layer) => layer);
  return Object.fromEntries(
    layers.flatMap((layer) => {
      const gone = isWindowed(spec, layer) ? GONE : 0;
      return [
        [CELL_IO.pastKey(layer), moved(CELL_IO.presentKey(layer), gone)],
        [CELL_IO.pastValue(layer), moved(CELL_IO.presentValue(layer), gone)],
      ];
    }),
  );
}

async function sessionOf(
  dialect: CellDialect,
  spec: ModelSpec,
  tensors: ReadonlyMap<string, StoredTensor>,
): Promise<InferenceSession> {
  const cell = {startLayer: 0, endLayer: spec.layerCount};
  return await ort.createSession(buildCellGraph(spec, cell, {tensors, ...dialect}));
}

/** Some of the hidden states that are made up for so many tokens. */
function hiddenOf(
  {hiddenSize}: ModelSpec,
  tokenCount: number,
  {from, to}: {readonly from: number; readonly to: number},
): BatchFeeds {
  const all = Float32Array.from(
    {length: tokenCount * hiddenSize},
    (_, at) => ((at * 193) % 127) / 64 - 1,
  );
  const own = all.slice(from * hiddenSize, to * hiddenSize);
  return {[CELL_IO.hidden]: ort.f32Tensor(own, [1, to - from, hiddenSize])};
}

async function run(
  dialect: CellDialect,
  spec: ModelSpec,
  tensors: ReadonlyMap<string, StoredTensor>,
  {feeds, tokenCount}: {readonly feeds: BatchFeeds; readonly tokenCount: number},
): Promise<Float32Array> {
  const session = await sessionOf(dialect, spec, tensors);
  const hidden = hiddenOf(spec, tokenCount, {from: 0, to: tokenCount});
  const outputs = await session.run({...feeds, ...hidden}, [CELL_IO.result]);
  await session.release();
  return f32Values(outputs, CELL_IO.result);
}

/** What a GPU's cell gets beside hidden states and caches; by default at its first piece. */
function gpuFeeds(
  spec: ModelSpec,
  {model, window}: RotaryTables,
  {position, tokenCount, firstPosition} = {position: 0, tokenCount: TOKENS, firstPosition: 0},
): BatchFeeds {
  const shape = [model.positions, model.rowLength];
  const batch = {positions: [position], tokenCount};
  const ids = BigInt64Array.from({length: tokenCount}, (_, at) => BigInt(position + at));
  const rows = {[CELL_IO.rotaryRows]: ort.i64Tensor(ids, [1, tokenCount])};
  const total = position + tokenCount;
  const one = (value: number) => ort.i32Tensor(Int32Array.of(value), [1]);
  return {
    [CELL_IO.lastPosition]: one(total - 1),
    [CELL_IO.totalTokens]: one(total),
    [CELL_IO.rotaryCos]: ort.f32Tensor(model.cos, shape),
    [CELL_IO.rotarySin]: ort.f32Tensor(model.sin, shape),
    ...(window && {
      [CELL_IO.windowCos]: ort.f32Tensor(window.cos, shape),
      [CELL_IO.windowSin]: ort.f32Tensor(window.sin, shape),
    }),
    ...(spec.window && {
      [CELL_IO.windowLastPosition]: one(total - firstPosition - 1),
      [CELL_IO.windowTotalTokens]: one(total - firstPosition),
      ...rows,
    }),
    ...(!fitsOperator(spec) && {
      ...attentionFeeds(ort, spec, {
        batch,
        all: PLACES,
        window: {...PLACES, firstPositions: [firstPosition]},
      }),
      ...rows,
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
