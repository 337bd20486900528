import {fromBinary} from '@bufbuild/protobuf';
import {ModelProtoSchema, type GraphProto, type ValueInfoProto} from 'onnx-buf';
import {expect, test} from 'vitest';
import {dequantiseRows, type StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {layerTensors, lmHeadTensors} from '#shared/model/manifest/tensor-layout.ts';
import {attentionRows} from './dialects/attention-rows.ts';
import {addDenseProduct} from './dialects/add-dense-product.ts';
import {buildCellGraph} from './build-cell-graph.ts';
import {buildLmHeadGraph} from './build-lm-head-graph.ts';
import {CPU_DIALECT} from './dialects/cpu-dialect.ts';
import type {OnnxModel} from './graph-builder.ts';
import {createRotaryTable, rotaryRows} from './rotary-table.ts';

const SPEC: ModelSpec = {
  architecture: 'llama',
  layerCount: 4,
  hiddenSize: 64,
  feedForwardSize: 96,
  headCount: 4,
  kvHeadCount: 2,
  headSize: 16,
  vocabularySize: 300,
  contextTokens: 128,
  ropeBase: 10_000,
  ropeInterleaved: true,
  normEpsilon: 1e-5,
  tiedEmbedding: true,
  endTokenIds: [2],
};

/** Tensors of layers 1 and 2 and of the LM head; each value tells its tensor and its place. */
function storedTensors(): ReadonlyMap<string, StoredTensor> {
  const shapes = [...layerTensors(SPEC, 1), ...layerTensors(SPEC, 2), ...lmHeadTensors(SPEC)];
  return new Map(
    shapes.map(({name, shape}, number) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const values = Float32Array.from({length}, (_, at) => number + at / 65_536);
      return [name, {dtype: 'F32', shape, bytes: new Uint8Array(values.buffer)}];
    }),
  );
}

const cpuParts = () => ({...CPU_DIALECT, tensors: storedTensors()});

function decodeGraph(model: OnnxModel): GraphProto {
  const {graph} = fromBinary(ModelProtoSchema, model.graph);
  if (graph === undefined) throw new Error('The model has no graph');
  return graph;
}

function shapesOf(infos: readonly ValueInfoProto[]): Record<string, string> {
  return Object.fromEntries(
    infos.map(({name, type}) => {
      const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
      return [name, tensor?.shape?.dim.map(({value}) => String(value.value)).join(' ') ?? ''];
    }),
  );
}

/** The external values of a constant, read back as onnxruntime would. */
function weightsOf(model: OnnxModel, name: string): {values: Float32Array; shape: string} {
  const initialiser = decodeGraph(model).initializer.find((tensor) => tensor.name === name);
  const place = new Map(initialiser?.externalData.map(({key, value}) => [key, value]));
  expect(place.get('location')).toBe(model.weightsName);
  const offset = Number(place.get('offset'));
  const length = Number(place.get('length'));
  expect(offset + length).toBeLessThanOrEqual(model.weights.length);
  return {
    values: new Float32Array(model.weights.buffer, offset, length / 4),
    shape: initialiser?.dims.join(' ') ?? '',
  };
}

function rowsOf(tensor: StoredTensor | undefined): readonly Float32Array[] {
  if (tensor === undefined) throw new Error('No such tensor');
  const length = tensor.shape[0] ?? 0;
  return Array.from({length: tensor.shape[1] ?? 1}, (_, row) => {
    const values = new Float32Array(length);
    dequantiseRows(tensor, {startRow: row, endRow: row + 1}, values);
    return values;
  });
}

test('[GR1] a cell names its inputs and outputs by the layers of the model', () => {
  const cell = {startLayer: 1, endLayer: 3};
  const graph = decodeGraph(buildCellGraph(SPEC, cell, cpuParts()));
  expect(shapesOf(graph.input)).toEqual({
    hidden: 'batch tokens 64',
    rotary_rows: 'batch rotated_rows',
    rotary_cos: 'rotary_rows 8',
    rotary_sin: 'rotary_rows 8',
    mask: 'batch 1 rows room',
    places: 'batch tokens 2 3',
    'past_key.1': 'batch 2 room 16',
    'past_value.1': 'batch 2 room 16',
    'past_key.2': 'batch 2 room 16',
    'past_value.2': 'batch 2 room 16',
  });
  expect(shapesOf(graph.output)).toEqual({
    result: 'batch tokens 64',
    'piece_key.1': 'batch tokens 2 16',
    'piece_value.1': 'batch tokens 2 16',
    'piece_key.2': 'batch tokens 2 16',
    'piece_value.2': 'batch tokens 2 16',
  });
});

test('[GR2] norms are fused with the sums in front of them, and nothing depends on a row count', () => {
  const cell = {startLayer: 1, endLayer: 3};
  const graph = decodeGraph(buildCellGraph(SPEC, cell, cpuParts()));
  const operators = graph.node.map(({opType}) => opType);
  const countOf = (op: string): number => operators.filter((other) => other === op).length;
  expect(countOf('SimplifiedLayerNormalization')).toBe(1);
  expect(countOf('SkipSimplifiedLayerNormalization')).toBe(3);
  // Per layer: four products with weights.
  expect(countOf('MatMul')).toBe(2 * 4);
  // Their results for one token depend on the tokens beside it, in the last bits.
  expect(countOf('GroupQueryAttention') + countOf('ReduceSum')).toBe(0);
});

test('[GR14] a layer of a plain llama is eighteen operators on the CPU', () => {
  const cell = {startLayer: 1, endLayer: 3};
  const graph = decodeGraph(buildCellGraph(SPEC, cell, cpuParts()));
  const norm = 'SkipSimplifiedLayerNormalization';
  const heads = ['MatMul', 'Reshape', 'RotaryEmbedding', 'Reshape', 'Split'];
  const cache = ['ScatterND', 'ScatterND'];
  const attention = ['Reshape', 'MultiHeadAttention', 'Reshape', 'MatMul'];
  const feedForward = ['MatMul', 'Split', 'QuickGelu', 'Mul', 'MatMul'];
  const layer = [...heads, ...cache, ...attention, norm, ...feedForward];
  const operators = graph.node.map(({opType}) => opType);
  expect(operators.toSorted()).toEqual(
    ['SimplifiedLayerNormalization', ...layer, norm, ...layer, 'Add'].toSorted(),
  );
});

test('[GR9] no attention product ever has a single row', () => {
  const alone = {...SPEC, kvHeadCount: SPEC.headCount};
  expect(attentionRows(SPEC, 1)).toBe(2);
  expect(attentionRows(alone, 1)).toBe(2);
  expect(attentionRows(alone, 5)).toBe(6);
});

test('[GR3] every input of a node is known before the node', () => {
  const models = [
    buildCellGraph(SPEC, {startLayer: 1, endLayer: 3}, cpuParts()),
    buildLmHeadGraph(SPEC, storedTensors(), addDenseProduct),
  ];
  for (const graph of models.map(decodeGraph)) {
    const known = new Set([
      '',
      ...graph.input.map((i) => i.name),
      ...graph.initializer.map((i) => i.name),
    ]);
    for (const node of graph.node) {
      expect(node.input.filter((name) => !known.has(name))).toEqual([]);
      for (const name of node.output) known.add(name);
    }
    expect(graph.output.filter(({name}) => !known.has(name))).toEqual([]);
  }
});

test('[GR4] query, key and value lie side by side, transposed, and queries by their places in groups', () => {
  const tensors = storedTensors();
  const model = buildCellGraph(SPEC, {startLayer: 1, endLayer: 2}, {...CPU_DIALECT, tensors});
  const {values, shape} = weightsOf(model, '1.qkv.weights');
  expect(shape).toBe('64 128');
  const [queries, ...others] = ['attn_q', 'attn_k', 'attn_v'].map((part) =>
    rowsOf(tensors.get(`blk.1.${part}.weight`)),
  );
  // Of four heads in two groups the first ones, and then the second ones.
  const byGroups = [0, 2, 1, 3].flatMap((head) => queries?.slice(head * 16, (head + 1) * 16) ?? []);
  const columns = [...byGroups, ...others.flat()];
  const expected = Float32Array.from(
    values,
    (_, at) => columns[at % 128]?.[Math.floor(at / 128)] ?? 0,
  );
  expect(values).toEqual(expected);
});

test('[GR5] rotation turns pairs or halves as the model says', () => {
  for (const ropeInterleaved of [true, false]) {
    const spec = {...SPEC, ropeInterleaved};
    const model = buildCellGraph(spec, {startLayer: 1, endLayer: 2}, cpuParts());
    const rotations = decodeGraph(model).node.filter((n) => n.opType === 'RotaryEmbedding');
    const attributes = rotations.map(({attribute}) =>
      Object.fromEntries(attribute.map(({name, i}) => [name, Number(i)])),
    );
    const interleaved = ropeInterleaved ? 1 : 0;
    // All heads of all tokens one after the other.
    expect(attributes).toEqual([{interleaved, num_heads: 1}]);
  }
});

test('[GR6] a rotary table has a row for each position and matches its definition', () => {
  const {cos, sin} = createRotaryTable({ropeBase: 100_000, headSize: 64}, 8192, null);
  expect(cos).toHaveLength(8192 * 32);
  let worst = 0;
  for (let at = 0; at < cos.length; at += 1) {
    const angle = Math.floor(at / 32) * 100_000 ** (-(at % 32) / 32);
    const error =
      Math.abs((cos[at] ?? 9) - Math.cos(angle)) + Math.abs((sin[at] ?? 9) - Math.sin(angle));
    worst = Math.max(worst, error);
  }
  expect(worst).toBeLessThan(2 * 2 ** -24);
});

test('[GR6] linear scaling divides positions, to the bit', () => {
  const plain = createRotaryTable({ropeBase: 10_000, headSize: 16}, 64, null);
  const scaled = createRotaryTable({ropeBase: 10_000, headSize: 16, ropeFactor: 4}, 64, null);
  for (let position = 0; position < 64; position += 4) {
    expect(rotaryRows(scaled, {position, tokenCount: 1})).toEqual(
      rotaryRows(plain, {position: position / 4, tokenCount: 1}),
    );
  }
  expect(rotaryRows(scaled, {position: 1, tokenCount: 1}).sin[0]).toBe(
    Math.fround(Math.sin(1 / 4)),
  );
});

function weightsInContext(contextTokens: number): number {
  const spec = {...SPEC, contextTokens};
  return buildCellGraph(spec, {startLayer: 1, endLayer: 2}, cpuParts()).weights.byteLength;
}

test('[GR6] no graph contains a table, whatever the context of the model', () => {
  expect(weightsInContext(1_048_576)).toBe(weightsInContext(128));
});

test('[GR7] the LM head gives the best 256 logits and what normalises them', () => {
  const tensors = storedTensors();
  const model = buildLmHeadGraph(SPEC, tensors, addDenseProduct);
  const graph = decodeGraph(model);
  expect(graph.node.map(({opType}) => opType)).toEqual([
    'SimplifiedLayerNormalization',
    'MatMul',
    'Add',
    'TopK',
    'Softmax',
    'ReduceMax',
  ]);
  expect(shapesOf(graph.output)).toEqual({
    top_logits: 'rows 256',
    top_token_ids: 'rows 256',
    top_share: 'rows',
  });
  const {values, shape} = weightsOf(model, 'logits.weights');
  expect(shape).toBe('64 300');
  const rows = rowsOf(tensors.get('token_embd.weight'));
  expect(values[5 * 300 + 7]).toBe(rows[7]?.[5]);
});

test('[GR8] a vocabulary below 256 gives all of its logits', () => {
  const spec = {...SPEC, vocabularySize: 100};
  const tensors = new Map(storedTensors());
  const bytes = new Uint8Array(64 * 100 * 4);
  tensors.set('token_embd.weight', {dtype: 'F32', shape: [64, 100], bytes});
  expect(
    shapesOf(decodeGraph(buildLmHeadGraph(spec, tensors, addDenseProduct)).output),
  ).toMatchObject({
    top_logits: 'rows 100',
  });
});
