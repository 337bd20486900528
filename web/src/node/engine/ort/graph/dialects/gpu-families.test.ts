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
import {f32Values, OrtEngine} from '../../ort-engine.ts';
import type {Batch, BatchFeeds} from '../../shard-engine.ts';
import {wasmBatchFeeds} from '../../wasm/wasm-batch-feeds.ts';
import {sharedRoom} from '../../wasm/wasm-kv-memory.ts';
import {gpuPlaceFeeds} from '../../webgpu/gpu-place-feeds.ts';
import {buildCellGraph} from '../build-cell-graph.ts';
import type {CellDialect} from '../cell-dialect.ts';
import {CELL_IO} from '../cell-io.ts';
import {createRotaryTables, type RotaryTables} from '../rotary-table.ts';
import {CPU_DIALECT} from './cpu-dialect.ts';
import {GPU_DIALECT} from './gpu-dialect.ts';

env.wasm.numThreads = 1;
env.logLevel = 'error';
const ort = new OrtEngine({InferenceSession, Tensor, env}, {executionProviders: ['wasm']});

/** More than a window of the tiny families. */
const TOKENS = 24;
const CAPACITY = 48;
/** What a session holds: so many positions, of which the first are gone in layers with a window. */
type Held = {readonly tokenCount: number; readonly gone: number};
const LONGER: Held = {tokenCount: TOKENS, gone: 5};
const SHORTER: Held = {tokenCount: 20, gone: 2};
/** Sessions go on with a piece each: one with many tokens, or several with one token. */
const NEXT = [
  {held: [LONGER], moreTokens: 8},
  {held: [LONGER, SHORTER], moreTokens: 1},
];
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
  '[GR13] [KV10] on a GPU the layers of %s with a window count from the first position that they hold, each row from its own',
  {timeout: 300_000},
  async (architecture) => {
    const family = TINY_FAMILIES[architecture];
    const file = tinyGguf({seed: 13, ...(family && {family})});
    const manifest = await tinyManifest(file, {cutEvery: 1});
    const {spec} = manifest;
    const tensors = tensorsOf(manifest, file);
    const rotary = createRotaryTables(spec, CAPACITY, divisorsOf(spec, tensors));
    const all = CAPACITY;
    const feeds = {
      ...wasmBatchFeeds(ort, {spec, rotary}, {positions: [0], tokenCount: all}),
      ...emptyCaches(spec, sharedRoom(spec, [all])),
    };
    const onCpu = await run(CPU_DIALECT, spec, tensors, {feeds, tokenCount: all});
    const session = await sessionOf(GPU_DIALECT, spec, tensors);
    const firstOf = async ({tokenCount}: Held) =>
      session.run({
        ...gpuFeeds(spec, rotary, {batch: {positions: [0], tokenCount}, firstPositions: [0]}),
        ...emptyCaches(spec, CAPACITY),
        ...hiddenOf(spec, all, [{from: 0, to: tokenCount}]),
      });
    for (const {held, moreTokens} of NEXT) {
      const rows: HeldRow[] = [];
      for (const each of held) rows.push({...each, outputs: await firstOf(each)});
      const positions = held.map(({tokenCount}) => tokenCount);
      const pieces = positions.map((from) => ({from, to: from + moreTokens}));
      const outputs = await session.run({
        ...gpuFeeds(spec, rotary, {
          batch: {positions, tokenCount: moreTokens},
          firstPositions: held.map(({gone}) => gone),
        }),
        ...heldCaches(spec, rows),
        ...hiddenOf(spec, all, pieces),
      });
      const onGpu = f32Values(outputs, CELL_IO.result);
      const {hiddenSize} = spec;
      for (const [at, {from, to}] of pieces.entries()) {
        const expected = onCpu.subarray(from * hiddenSize, to * hiddenSize);
        const own = onGpu.subarray(at * expected.length).subarray(0, expected.length);
        expect(relativeError(own, expected, hiddenSize)).toBeLessThan(1e-5);
      }
    }
    await session.release();
  },
);

type HeldRow = Held & {readonly outputs: InferenceSession.OnnxValueMapType};

/** What first pieces have left in the caches, a row each; of layers with a window the first positions have gone. */
function heldCaches(spec: ModelSpec, rows: readonly HeldRow[]): BatchFeeds {
  const {layerCount, kvHeadCount, headSize} = spec;
  const shape = [rows.length, kvHeadCount, CAPACITY, headSize];
  const headLength = CAPACITY * headSize;
  const together = (name: string, layer: number) => {
    const kept = new Float32Array(rows.length * kvHeadCount * headLength);
    for (const [row, {tokenCount, gone, outputs}] of rows.entries()) {
      const values = f32Values(outputs, name);
      const forgotten = isWindowed(spec, layer) ? gone : 0;
      for (let head = 0; head < kvHeadCount; head += 1) {
        const start = head * headLength;
        const own = values.subarray(start + forgotten * headSize, start + tokenCount * headSize);
        kept.set(own, row * kvHeadCount * headLength + start);
      }
    }
    return ort.f32Tensor(kept, shape);
  };
  const layers = Array.from({length: layerCount}, (_, layer) => layer);
  return Object.fromEntries(
    layers.flatMap((layer) => [
      [CELL_IO.pastKey(layer), together(CELL_IO.presentKey(layer), layer)],
      [CELL_IO.pastValue(layer), together(CELL_IO.presentValue(layer), layer)],
    ]),
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

/** Pieces, of one length, of the hidden states that are made up for so many tokens. */
function hiddenOf(
  {hiddenSize}: ModelSpec,
  tokenCount: number,
  pieces: readonly {readonly from: number; readonly to: number}[],
): BatchFeeds {
  const all = Float32Array.from(
    {length: tokenCount * hiddenSize},
    (_, at) => ((at * 193) % 127) / 64 - 1,
  );
  const values = pieces.flatMap(({from, to}) => [
    ...all.subarray(from * hiddenSize, to * hiddenSize),
  ]);
  const shape = [pieces.length, values.length / pieces.length / hiddenSize, hiddenSize];
  return {[CELL_IO.hidden]: ort.f32Tensor(Float32Array.from(values), shape)};
}

async function run(
  dialect: CellDialect,
  spec: ModelSpec,
  tensors: ReadonlyMap<string, StoredTensor>,
  {feeds, tokenCount}: {readonly feeds: BatchFeeds; readonly tokenCount: number},
): Promise<Float32Array> {
  const session = await sessionOf(dialect, spec, tensors);
  const hidden = hiddenOf(spec, tokenCount, [{from: 0, to: tokenCount}]);
  const outputs = await session.run({...feeds, ...hidden}, [CELL_IO.result]);
  await session.release();
  return f32Values(outputs, CELL_IO.result);
}

/** What a GPU's cell gets beside hidden states and caches; by default at its first piece. */
function gpuFeeds(
  spec: ModelSpec,
  {model, window}: RotaryTables,
  {batch, firstPositions}: {readonly batch: Batch; readonly firstPositions: readonly number[]} = {
    batch: BATCH,
    firstPositions: [0],
  },
): BatchFeeds {
  const shape = [model.positions, model.rowLength];
  const places = {room: CAPACITY, windowRoom: CAPACITY, firstPositions};
  return {
    [CELL_IO.rotaryCos]: ort.f32Tensor(model.cos, shape),
    [CELL_IO.rotarySin]: ort.f32Tensor(model.sin, shape),
    ...(window && {
      [CELL_IO.windowCos]: ort.f32Tensor(window.cos, shape),
      [CELL_IO.windowSin]: ort.f32Tensor(window.sin, shape),
    }),
    ...gpuPlaceFeeds(ort, spec, {batch, places}),
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
