import {assert} from '#shared/assert.ts';
import {rowCount, rowLength, type StoredTensor} from '#shared/model/dequantise/dequantise-rows.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {GraphBuilder, type OnnxModel} from './graph-builder.ts';
import {fillRotaryTable} from './rotary-table.ts';
import {requireTensor, writeMatrices} from './stored-weights.ts';

/** Names of a cell's inputs and outputs. */
export const CELL_IO = {
  /** `[batch, tokens, hiddenSize]` */
  hidden: 'hidden',
  /** Positions held after this run, minus one, per row: `[batch]`, i32. */
  lastPosition: 'last_position',
  /** The largest number of positions held after this run: `[1]`, i32. */
  totalTokens: 'total_tokens',
  /**
   * Rows of zeros behind the query, key and value of the piece, for attention
   * only: `[batch, padding, (headCount + 2 · kvHeadCount) · headSize]`. See `paddingRows`.
   */
  padding: 'padding',
  /** `[batch, tokens, hiddenSize]` */
  result: 'result',
  /** `[batch, kvHeadCount, past, headSize]` in, `[batch, kvHeadCount, total, headSize]` out. */
  pastKey: (layer: number) => `past_key.${layer}`,
  pastValue: (layer: number) => `past_value.${layer}`,
  presentKey: (layer: number) => `present_key.${layer}`,
  presentValue: (layer: number) => `present_value.${layer}`,
} as const;

const TOKEN_COUNT = 'token_count';
const FIRST_TOKEN = 'first_token';
const TOKEN_AXIS = 'token_axis';
/** What attention needs to know of positions, in the order of its inputs. */
const POSITION_INPUTS: readonly string[] = [
  CELL_IO.lastPosition,
  CELL_IO.totalTokens,
  'rotary_cos',
  'rotary_sin',
];

/**
 * How many rows of padding a piece needs so that its length does not show in its bits.
 *
 * onnxruntime multiplies one row by a matrix with another kernel, which adds up
 * in another order: attention over a piece of one token differs in its last bits from
 * attention over the same token in a longer piece. A second row avoids that kernel. The
 * other products are packed in advance and have one kernel for any number of rows.
 */
export function paddingRows(tokenCount: number): number {
  return tokenCount === 1 ? 1 : 0;
}

type LayerInput = {
  /** The residual stream, complete. */
  readonly residual: string;
  /** What the layer before adds to it, or `null` when there is none. */
  readonly delta: string | null;
};

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
  graph.input(CELL_IO.lastPosition, 'i32', ['batch']);
  graph.input(CELL_IO.totalTokens, 'i32', [1]);
  const packedSize = (spec.headCount + 2 * spec.kvHeadCount) * spec.headSize;
  graph.input(CELL_IO.padding, 'f32', ['batch', 'padding', packedSize]);
  graph.node({
    op: 'Shape',
    inputs: [residual],
    outputs: [TOKEN_COUNT],
    attributes: {start: {int: 1}, end: {int: 2}},
  });
  graph.integers(FIRST_TOKEN, [0]);
  graph.integers(TOKEN_AXIS, [1]);
  graph.output(CELL_IO.result, 'f32', ['batch', 'tokens', spec.hiddenSize]);
  addRotaryTable(graph, spec);
  let stream: LayerInput = {residual, delta: null};
  for (let layer = cell.startLayer; layer < cell.endLayer; layer += 1) {
    stream = addLayer(new LayerBuilder({graph, spec, layer, tensors}), stream);
  }
  const sum = [stream.residual, stream.delta ?? ''];
  graph.node({op: 'Add', inputs: sum, outputs: [CELL_IO.result]});
  return graph.build(`layers ${cell.startLayer} to ${cell.endLayer}`);
}

function addRotaryTable(graph: GraphBuilder, spec: ModelSpec): void {
  const half = spec.headSize / 2;
  // Attention fails on positions beyond the table, so it spans the whole context, and padding.
  const positions = spec.contextTokens + 1;
  const shape = [positions, half];
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(cos.length);
  fillRotaryTable(spec, {cos, sin});
  graph.weights('rotary_cos', shape, (values) => {
    values.set(cos);
  });
  graph.weights('rotary_sin', shape, (values) => {
    values.set(sin);
  });
}

/** Writes the operators of one layer; names are `<layer>.<part>`. */
class LayerBuilder {
  readonly graph: GraphBuilder;
  readonly spec: ModelSpec;
  readonly layer: number;
  readonly #tensors: ReadonlyMap<string, StoredTensor>;

  constructor(options: {
    readonly graph: GraphBuilder;
    readonly spec: ModelSpec;
    readonly layer: number;
    readonly tensors: ReadonlyMap<string, StoredTensor>;
  }) {
    this.graph = options.graph;
    this.spec = options.spec;
    this.layer = options.layer;
    this.#tensors = options.tensors;
  }

  tensor(part: string): StoredTensor {
    return requireTensor(this.#tensors, `blk.${this.layer}.${part}.weight`);
  }

  name(part: string): string {
    return `${this.layer}.${part}`;
  }

  /** Adds what is pending to the residual stream and normalises it. */
  norm(
    part: string,
    {residual, delta}: LayerInput,
  ): {readonly residual: string; readonly normed: string} {
    const gain = this.tensor(part);
    const weights = this.graph.weights(
      this.name(`${part}.gain`),
      [rowLength(gain)],
      writeMatrices([gain]),
    );
    const normed = this.name(part);
    const epsilon = {float: this.spec.normEpsilon};
    if (delta === null) {
      this.graph.node({
        op: 'SimplifiedLayerNormalization',
        inputs: [residual, weights],
        outputs: [normed],
        attributes: {axis: {int: -1}, epsilon, stash_type: {int: 1}},
      });
      return {residual, normed};
    }
    const sum = this.name(`${part}.sum`);
    this.graph.node({
      op: 'SkipSimplifiedLayerNormalization',
      domain: 'microsoft',
      inputs: [delta, residual, weights],
      outputs: [normed, '', '', sum],
      attributes: {epsilon},
    });
    return {residual: sum, normed};
  }

  /** One product with several stored matrices side by side. */
  product(input: string, output: string, parts: readonly string[]): string {
    const matrices = parts.map((part) => this.tensor(part));
    const [first] = matrices;
    assert(first !== undefined, 'a product has a matrix');
    const outSize = matrices.reduce((sum, matrix) => sum + rowCount(matrix), 0);
    const weights = this.graph.weights(
      this.name(`${output}.weights`),
      [rowLength(first), outSize],
      writeMatrices(matrices),
    );
    return this.graph.node({op: 'MatMul', inputs: [input, weights], outputs: [this.name(output)]});
  }
}

function addLayer(layer: LayerBuilder, input: LayerInput): LayerInput {
  const {residual, normed} = layer.norm('attn_norm', input);
  const attended = addAttention(layer, normed);
  const middle = layer.norm('ffn_norm', {residual, delta: attended});
  return {residual: middle.residual, delta: addFeedForward(layer, middle.normed)};
}

function addAttention(layer: LayerBuilder, normed: string): string {
  const {graph, spec} = layer;
  const kv = (tokens: string) => ['batch', spec.kvHeadCount, tokens, spec.headSize];
  const pastKey = graph.input(CELL_IO.pastKey(layer.layer), 'f32', kv('past'));
  const pastValue = graph.input(CELL_IO.pastValue(layer.layer), 'f32', kv('past'));
  const presentKey = CELL_IO.presentKey(layer.layer);
  const presentValue = CELL_IO.presentValue(layer.layer);
  graph.output(presentKey, 'f32', kv('total'));
  graph.output(presentValue, 'f32', kv('total'));
  const packed = graph.node({
    op: 'Concat',
    inputs: [layer.product(normed, 'qkv', ['attn_q', 'attn_k', 'attn_v']), CELL_IO.padding],
    outputs: [layer.name('qkv.padded')],
    attributes: {axis: {int: 1}},
  });
  const attended = graph.node({
    op: 'GroupQueryAttention',
    domain: 'microsoft',
    inputs: [packed, '', '', pastKey, pastValue, ...POSITION_INPUTS],
    outputs: [layer.name('attended'), presentKey, presentValue],
    attributes: {
      num_heads: {int: spec.headCount},
      kv_num_heads: {int: spec.kvHeadCount},
      do_rotary: {int: 1},
      rotary_interleaved: {int: spec.ropeInterleaved ? 1 : 0},
    },
  });
  const own = graph.node({
    op: 'Slice',
    inputs: [attended, FIRST_TOKEN, TOKEN_COUNT, TOKEN_AXIS],
    outputs: [layer.name('attended.own')],
  });
  return layer.product(own, 'attention', ['attn_output']);
}

/** down(silu(gate(x)) · up(x)) */
function addFeedForward(layer: LayerBuilder, normed: string): string {
  const {graph} = layer;
  const both = layer.product(normed, 'gate_up', ['ffn_gate', 'ffn_up']);
  const gate = layer.name('gate');
  const up = layer.name('up');
  graph.node({
    op: 'Split',
    inputs: [both],
    outputs: [gate, up],
    attributes: {axis: {int: -1}, num_outputs: {int: 2}},
  });
  const sigmoid = graph.node({op: 'Sigmoid', inputs: [gate], outputs: [layer.name('sigmoid')]});
  const silu = graph.node({op: 'Mul', inputs: [gate, sigmoid], outputs: [layer.name('silu')]});
  const gated = graph.node({op: 'Mul', inputs: [silu, up], outputs: [layer.name('gated')]});
  return layer.product(gated, 'feed_forward', ['ffn_down']);
}
