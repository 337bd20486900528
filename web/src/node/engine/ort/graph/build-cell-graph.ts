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
  const before = enter(layer, 'attn_norm', input);
  const attended = leave(layer, 'post_attention_norm', addAttention(layer, before.input));
  const middle = enter(layer, 'ffn_norm', {residual: before.residual, delta: attended});
  const delta = leave(layer, 'post_ffw_norm', addFeedForward(layer, middle.input));
  return {residual: middle.residual, delta};
}

/** What attention or feed-forward takes from the stream. */
function enter(
  layer: LayerBuilder,
  norm: string,
  stream: ResidualStream,
): {readonly residual: string; readonly input: string} {
  if (layer.spec.norms === 'after') {
    const sum = layer.sum(`${norm}.sum`, stream);
    return {residual: sum, input: sum};
  }
  const {residual, normed} = layer.norm(norm, stream);
  return {residual, input: normed};
}

/** What of their result is added to the stream. */
function leave(layer: LayerBuilder, norm: string, result: string): string {
  const normed = layer.spec.norms === undefined ? result : layer.normOf(norm, result);
  return layer.scaled(`${norm}.scaled`, normed, layer.spec.residualScale);
}

/** down(activation(gate(x)) · up(x)) */
function addFeedForward(layer: LayerBuilder, input: string): string {
  const [gate, up] = [layer.name('gate'), layer.name('up')];
  const parts = layer.spec.isFused ? ['ffn_up'] : ['ffn_gate', 'ffn_up'];
  layer.graph.node({
    op: 'Split',
    inputs: [layer.product(input, 'gate_up', parts)],
    outputs: [gate, up],
    attributes: {axis: {int: -1}, num_outputs: {int: 2}},
  });
  const gated = layer.node('gated', {op: 'Mul', inputs: [addActivation(layer, gate), up]});
  return layer.product(gated, 'feed_forward', ['ffn_down']);
}

function addActivation(layer: LayerBuilder, gate: string): string {
  if (layer.spec.activation === 'gelu') {
    return layer.node('gelu', {op: 'FastGelu', domain: 'microsoft', inputs: [gate]});
  }
  return layer.node('silu', {
    op: 'QuickGelu',
    domain: 'microsoft',
    inputs: [gate],
    attributes: {alpha: {float: 1}},
  });
}
