import {InferenceSession, Tensor, env} from 'onnxruntime-web/wasm';
import {expect, test} from 'vitest';
import type {StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import {TENSOR_DTYPES, type TensorDtype} from '#shared/model/storage/block-sizes.ts';
import {layerTensors, lmHeadTensors} from '#shared/model/manifest/tensor-layout.ts';
import {tinySpec} from '#shared/testing/tiny-spec.ts';
import {tinyTensorBytes} from '#shared/testing/tiny-tensor-bytes.ts';
import {f32Values, i64Values, OrtEngine} from '../../ort-engine.ts';
import {relativeError} from '../../../proof/relative-error.ts';
import {wasmBatchFeeds} from '../../wasm/wasm-batch-feeds.ts';
import {gpuPlaceFeeds} from '../../webgpu/gpu-place-feeds.ts';
import {roomFor} from '../../wasm/wasm-kv-memory.ts';
import {addDenseProduct} from './add-dense-product.ts';
import {addQuantisedProduct} from './add-quantised-product.ts';
import {buildCellGraph} from '../build-cell-graph.ts';
import {buildLmHeadGraph, LM_HEAD_IO} from '../build-lm-head-graph.ts';
import {CELL_IO} from '../cell-io.ts';
import {CPU_DIALECT} from './cpu-dialect.ts';
import {GPU_DIALECT} from './gpu-dialect.ts';
import {createRotaryTables} from '../rotary-table.ts';

env.wasm.numThreads = 1;
env.logLevel = 'error';
const ort = new OrtEngine({InferenceSession, Tensor, env}, {executionProviders: ['wasm']});

const SPEC = tinySpec({
  layerCount: 1,
  // Rows are whole blocks of every storage type.
  hiddenSize: 256,
  feedForwardSize: 256,
  headSize: 64,
  contextTokens: 64,
});
const LAYER = {startLayer: 0, endLayer: 1};
const TOKENS = 9;
const TABLES = createRotaryTables(SPEC, 32, null);
const ROTARY = TABLES.model;
const ROTARY_SHAPE = [ROTARY.positions, ROTARY.rowLength];

function tensorsOf(dtypeOf: (name: string) => TensorDtype): ReadonlyMap<string, StoredTensor> {
  return new Map(
    [...layerTensors(SPEC, 0), ...lmHeadTensors(SPEC)].map(({name, shape}, at) => {
      const dtype = name.includes('norm') ? 'F32' : dtypeOf(name);
      return [name, {dtype, shape, bytes: tinyTensorBytes({dtype, shape, seed: 31 + at})}];
    }),
  );
}

function madeUp(length: number): Float32Array {
  return Float32Array.from({length}, (_, at) => ((at * 193) % 127) / 64 - 1);
}

/** The fixed cache of the GPU's dialect, empty. */
function fixedCache(capacity: number) {
  const shape = [1, SPEC.kvHeadCount, capacity, SPEC.headSize];
  const empty = () =>
    ort.f32Tensor(new Float32Array(shape.reduce((product, size) => product * size, 1)), shape);
  return {[CELL_IO.pastKey(0)]: empty(), [CELL_IO.pastValue(0)]: empty()};
}

async function runLayer(tensors: ReadonlyMap<string, StoredTensor>, dialect: 'cpu' | 'gpu') {
  const parts = dialect === 'cpu' ? CPU_DIALECT : GPU_DIALECT;
  const session = await ort.createSession(buildCellGraph(SPEC, LAYER, {tensors, ...parts}));
  const hidden = ort.f32Tensor(madeUp(TOKENS * SPEC.hiddenSize), [1, TOKENS, SPEC.hiddenSize]);
  const feeds =
    dialect === 'cpu'
      ? {
          ...wasmBatchFeeds(
            ort,
            {spec: SPEC, rotary: TABLES},
            {positions: [0], tokenCount: TOKENS},
          ),
          ...fixedCache(roomFor(TOKENS)),
        }
      : {
          ...gpuPlaceFeeds(ort, SPEC, {
            batch: {positions: [0], tokenCount: TOKENS},
            places: {room: 32, windowRoom: 32, firstPositions: [0]},
          }),
          [CELL_IO.rotaryCos]: ort.f32Tensor(ROTARY.cos, ROTARY_SHAPE),
          [CELL_IO.rotarySin]: ort.f32Tensor(ROTARY.sin, ROTARY_SHAPE),
          ...fixedCache(32),
        };
  const outputs = await session.run({[CELL_IO.hidden]: hidden, ...feeds}, [CELL_IO.result]);
  await session.release();
  return f32Values(outputs, CELL_IO.result);
}

async function logitsOf(
  tensors: ReadonlyMap<string, StoredTensor>,
  addProduct: typeof addDenseProduct,
) {
  const session = await ort.createSession(buildLmHeadGraph(SPEC, tensors, addProduct));
  const hidden = ort.f32Tensor(madeUp(SPEC.hiddenSize), [1, SPEC.hiddenSize]);
  const outputs = await session.run({
    [LM_HEAD_IO.hidden]: hidden,
    [LM_HEAD_IO.bias]: ort.f32Tensor(new Float32Array(1), [1, 1]),
  });
  await session.release();
  const logits = f32Values(outputs, LM_HEAD_IO.logits);
  return new Map(
    Array.from(i64Values(outputs, LM_HEAD_IO.tokenIds), (id, at) => [Number(id), logits[at] ?? 0]),
  );
}

/** As in files of Q4_K_M, but for the floats. */
const MIXED: Readonly<Record<string, TensorDtype>> = {
  attn_v: 'Q6_K',
  ffn_down: 'Q6_K',
  ffn_up: 'F16',
};
type NamedDtypes = readonly [name: string, dtypeOf: (tensor: string) => TensorDtype];
const CASES: readonly NamedDtypes[] = [
  ...TENSOR_DTYPES.map((dtype): NamedDtypes => [dtype, () => dtype]),
  ['a mixture', (tensor) => MIXED[tensor.split('.')[2] ?? ''] ?? 'Q4_K'],
];
for (const [name, dtypeOf] of CASES) {
  test(`[GR10] weights that stay quantised say what expanded ones say: ${name}`, async () => {
    const tensors = tensorsOf(dtypeOf);
    const expected = await runLayer(tensors, 'cpu');
    const actual = await runLayer(tensors, 'gpu');
    expect(relativeError(actual, expected, SPEC.hiddenSize)).toBeLessThan(1e-5);
    const expectedLogits = await logitsOf(tensors, addDenseProduct);
    const actualLogits = await logitsOf(tensors, addQuantisedProduct);
    for (const [tokenId, logit] of [...expectedLogits].slice(0, 32)) {
      expect(Math.abs((actualLogits.get(tokenId) ?? Number.NaN) - logit)).toBeLessThan(1e-4);
    }
  });
}
