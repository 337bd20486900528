import type {StoredTensor} from '#shared/model/dequantise/dequantise-rows.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {addAttention} from './add-attention.ts';
import {CELL_CONSTANTS, CELL_IO} from './cell-io.ts';
import {GraphBuilder, type OnnxModel} from './graph-builder.ts';
import {LayerBuilder, type ResidualStream} from './layer-builder.ts';
import {fillRotaryTable} from './rotary-table.ts';

/**
 * The decoder layers of one cell as a graph in f32, for the CPU.
 *
 * Query, key and value are one product, gate and up another; a residual sum and
 * the norm after it are one operator. Weights are expanded here once: on WASM
 * that beats kernels that expand four bits at every step by a factor of eight.
 *
 * @param tensors the cell's tensors by name.
 */
export function buildCellGraph(
  spec: ModelSpec,
  cell: LayerRange,
  tensors: ReadonlyMap<string, StoredTensor>,
): OnnxModel {
  const graph = new GraphBuilder();
  const residual = graph.input(CELL_IO.hidden, 'f32', ['batch', 'tokens', spec.hiddenSize]);
  graph.input(CELL_IO.positions, 'i64', ['batch', 'tokens']);
  graph.input(CELL_IO.mask, 'f32', ['batch', 1, 'rows', 'total']);
  graph.input(CELL_IO.ones, 'f32', ['total', 1]);
  graph.output(CELL_IO.result, 'f32', ['batch', 'tokens', spec.hiddenSize]);
  graph.integers(CELL_CONSTANTS.lastAxis, [-1]);
  addRotaryTable(graph, spec);
  let stream: ResidualStream = {residual, delta: null};
  for (let layer = cell.startLayer; layer < cell.endLayer; layer += 1) {
    stream = addLayer(new LayerBuilder({graph, spec, layer, tensors}), stream);
  }
  const sum = [stream.residual, stream.delta ?? ''];
  graph.node({op: 'Add', inputs: sum, outputs: [CELL_IO.result]});
  return graph.build(`layers ${cell.startLayer} to ${cell.endLayer}`);
}

function addRotaryTable(graph: GraphBuilder, spec: ModelSpec): void {
  // The operator fails on positions beyond its table, so the table spans the whole context.
  const shape = [spec.contextTokens, spec.headSize / 2];
  const cos = new Float32Array((spec.contextTokens * spec.headSize) / 2);
  const sin = new Float32Array(cos.length);
  fillRotaryTable(spec, {cos, sin});
  graph.weights(CELL_CONSTANTS.rotaryCos, shape, (values) => {
    values.set(cos);
  });
  graph.weights(CELL_CONSTANTS.rotarySin, shape, (values) => {
    values.set(sin);
  });
}

function addLayer(layer: LayerBuilder, input: ResidualStream): ResidualStream {
  const {residual, normed} = layer.norm('attn_norm', input);
  const delta = addAttention(layer, normed);
  const middle = layer.norm('ffn_norm', {residual, delta});
  return {residual: middle.residual, delta: addFeedForward(layer, middle.normed)};
}

/** down(silu(gate(x)) · up(x)) */
function addFeedForward(layer: LayerBuilder, normed: string): string {
  const [gate, up] = [layer.name('gate'), layer.name('up')];
  layer.graph.node({
    op: 'Split',
    inputs: [layer.product(normed, 'gate_up', ['ffn_gate', 'ffn_up'])],
    outputs: [gate, up],
    attributes: {axis: {int: -1}, num_outputs: {int: 2}},
  });
  const sigmoid = layer.node('sigmoid', {op: 'Sigmoid', inputs: [gate]});
  const silu = layer.node('silu', {op: 'Mul', inputs: [gate, sigmoid]});
  const gated = layer.node('gated', {op: 'Mul', inputs: [silu, up]});
  return layer.product(gated, 'feed_forward', ['ffn_down']);
}
