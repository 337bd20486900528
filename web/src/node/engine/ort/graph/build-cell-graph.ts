import type {StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {CellDialect} from './cell-dialect.ts';
import {CELL_IO} from './cell-io.ts';
import {GraphBuilder, type OnnxModel} from './graph-builder.ts';
import {LayerBuilder, type ResidualStream} from './layer-builder.ts';

/**
 * The decoder layers of one cell as a graph in f32.
 *
 * Query, key and value are one product, gate and up another; a residual sum and
 * the norm after it are one operator. The dialect says how products and attention are written.
 *
 * @param parts.tensors the cell's tensors by name.
 */
export function buildCellGraph(
  spec: ModelSpec,
  cell: LayerRange,
  parts: CellDialect & {readonly tensors: ReadonlyMap<string, StoredTensor>},
): OnnxModel {
  const {tensors, addShared, addAttention, addProduct} = parts;
  const graph = new GraphBuilder();
  const residual = graph.input(CELL_IO.hidden, 'f32', ['batch', 'tokens', spec.hiddenSize]);
  graph.output(CELL_IO.result, 'f32', ['batch', 'tokens', spec.hiddenSize]);
  addShared(graph, spec);
  let stream: ResidualStream = {residual, delta: null};
  for (let layer = cell.startLayer; layer < cell.endLayer; layer += 1) {
    const builder = new LayerBuilder({graph, spec, layer, tensors, addProduct});
    stream = addLayer(builder, stream, addAttention);
  }
  const sum = [stream.residual, stream.delta ?? ''];
  graph.node({op: 'Add', inputs: sum, outputs: [CELL_IO.result]});
  return graph.build(`layers ${cell.startLayer} to ${cell.endLayer}`);
}

function addLayer(
  layer: LayerBuilder,
  input: ResidualStream,
  addAttention: CellDialect['addAttention'],
): ResidualStream {
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
