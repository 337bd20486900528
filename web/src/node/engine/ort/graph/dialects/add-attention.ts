import {isWindowed} from '#shared/model/layer-kind.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {CELL_CONSTANTS, CELL_IO} from '../cell-io.ts';
import type {LayerBuilder} from '../layer-builder.ts';
import {rotaryInputsOf} from './rotary-inputs.ts';

/** Never is the maximum and vanishes in `exp`, yet leaves no NaN behind as −Infinity can. */
export const MASKED = -1e30;

/** Query heads that share one key and value head. */
function groupSize(spec: ModelSpec): number {
  return spec.headCount / spec.kvHeadCount;
}

/**
 * How many rows a piece has in attention: its tokens, each once per query head of a
 * group, token by token. Without groups there is one more row, which is thrown away.
 *
 * One row alone would be multiplied by another kernel of onnxruntime, which adds
 * up in another order: the bits of a token would depend on the length of its piece.
 */
export function attentionRows(spec: ModelSpec, tokenCount: number): number {
  return groupSize(spec) === 1 ? tokenCount + 1 : tokenCount * groupSize(spec);
}

/**
 * Attention of one layer over a cache that has room for the piece, and perhaps more, so that those of
 * several sessions are as long as each other: what is not there is masked.
 *
 * Made of products, and not `GroupQueryAttention` or `Softmax`, because their bits
 * depend on how many tokens a piece or a context has. Here every sum runs over the
 * context in its order, through the same kernel; what the mask hides adds exact zeros. A position lies
 * at its own place in the room, whatever piece it came in: a product sums in blocks of 128 places and
 * more, and then the blocks. The query heads of a group are rows of one product: the cache is read
 * once per group.
 */
export function addAttention(layer: LayerBuilder, normed: string): string {
  const {spec} = layer;
  const {headCount, kvHeadCount, headSize} = spec;
  const {query, key, value} = layer.queryKeyValue(normed);
  const heads = groupSize(spec) * headSize;
  const grouped = byHead(layer, 'q.heads', rotate(layer, query, headCount), heads);
  const rows = layer.reshape('q.rows', grouped, [0, 0, -1, headSize]);
  const keys = intoCache(layer, 'key', rotate(layer, key, kvHeadCount));
  const values = intoCache(layer, 'value', value);
  const attended = dropExtraRow(layer, attend(layer, addExtraRow(layer, rows), {keys, values}));
  const perToken = layer.reshape('attended.groups', attended, [0, 0, -1, heads]);
  const together = swapHeadsAndTokens(layer, 'attended.tokens', perToken);
  const joined = layer.reshape('attended.joined', together, [0, 0, headCount * headSize]);
  return layer.product(joined, 'attention', ['attn_output']);
}

/** softmax(rows · keysᵀ · scale + mask) · values, the scores capped where the model says so */
function attend(
  layer: LayerBuilder,
  rows: string,
  cache: {readonly keys: string; readonly values: string},
): string {
  const {attentionScale = 1 / Math.sqrt(layer.spec.headSize), attentionCap = 1} = layer.spec;
  const product = layer.node('scores', {
    op: 'FusedMatMul',
    domain: 'microsoft',
    inputs: [rows, cache.keys],
    attributes: {transB: {int: 1}, alpha: {float: attentionScale / attentionCap}},
  });
  const scores = addCap(layer, product);
  const mask = isWindowed(layer.spec, layer.layer) ? CELL_IO.windowMask : CELL_IO.mask;
  const masked = layer.node('masked', {op: 'Add', inputs: [scores, mask]});
  const largest = layer.node('largest', {
    op: 'ReduceMax',
    inputs: [masked, CELL_CONSTANTS.lastAxis],
    attributes: {keepdims: {int: 1}},
  });
  const shifted = layer.node('shifted', {op: 'Sub', inputs: [masked, largest]});
  const weights = layer.node('weights', {op: 'Exp', inputs: [shifted]});
  const sum = layer.node('weights.sum', {op: 'MatMul', inputs: [weights, CELL_IO.ones]});
  const mixed = layer.node('mixed', {op: 'MatMul', inputs: [weights, cache.values]});
  return layer.node('attended', {op: 'Div', inputs: [mixed, sum]});
}

/** `cap · tanh(scores)`, where scores are a part of the cap already. */
function addCap(layer: LayerBuilder, scores: string): string {
  const {attentionCap} = layer.spec;
  if (attentionCap === undefined) return scores;
  const bent = layer.node('scores.bent', {op: 'Tanh', inputs: [scores]});
  return layer.scaled('scores.capped', bent, attentionCap);
}

function rotate(layer: LayerBuilder, input: string, heads: number): string {
  const table = rotaryInputsOf(layer);
  if (table === null) return input;
  return layer.graph.node({
    op: 'RotaryEmbedding',
    domain: 'microsoft',
    inputs: [input, CELL_IO.rotaryRows, ...table],
    outputs: [`${input}.rotated`],
    attributes: {
      interleaved: {int: layer.spec.ropeInterleaved ? 1 : 0},
      num_heads: {int: heads},
    },
  });
}

/** `[batch, tokens, kvHeadCount · size]` → `[batch, kvHeadCount, tokens, size]` */
function byHead(layer: LayerBuilder, part: string, input: string, size: number): string {
  const split = layer.reshape(`${part}.split`, input, [0, 0, layer.spec.kvHeadCount, size]);
  return swapHeadsAndTokens(layer, part, split);
}

/** The cache of one kind with the piece in its place. Only the piece leaves the graph: the cache is known outside. */
function intoCache(layer: LayerBuilder, kind: 'key' | 'value', input: string): string {
  const {graph, spec} = layer;
  const isKey = kind === 'key';
  const past = isKey ? CELL_IO.pastKey(layer.layer) : CELL_IO.pastValue(layer.layer);
  const piece = isKey ? CELL_IO.pieceKey(layer.layer) : CELL_IO.pieceValue(layer.layer);
  graph.input(past, 'f32', ['batch', spec.kvHeadCount, 'room', spec.headSize]);
  graph.output(piece, 'f32', ['batch', spec.kvHeadCount, 'tokens', spec.headSize]);
  const split = layer.reshape(`${kind}.split`, input, [0, 0, spec.kvHeadCount, spec.headSize]);
  graph.node({op: 'Transpose', inputs: [split], outputs: [piece], attributes: SWAP});
  return layer.node(`${kind}.all`, {op: 'ScatterND', inputs: [past, CELL_IO.places, piece]});
}

/** See `attentionRows`: the first row once more, at the end. */
function addExtraRow(layer: LayerBuilder, rows: string): string {
  if (groupSize(layer.spec) > 1) return rows;
  const extra = sliceRows(layer, 'q.extra', rows, [0, 1]);
  return layer.node('q.extended', {
    op: 'Concat',
    inputs: [rows, extra],
    attributes: {axis: {int: 2}},
  });
}

function dropExtraRow(layer: LayerBuilder, rows: string): string {
  return groupSize(layer.spec) > 1 ? rows : sliceRows(layer, 'attended.own', rows, [0, -1]);
}

function sliceRows(
  layer: LayerBuilder,
  part: string,
  input: string,
  [start, end]: readonly [number, number],
): string {
  const {graph} = layer;
  const startName = graph.integers(layer.name(`${part}.start`), [start]);
  const endName = graph.integers(layer.name(`${part}.end`), [end]);
  const axis = graph.integers(layer.name(`${part}.axis`), [2]);
  return layer.node(part, {op: 'Slice', inputs: [input, startName, endName, axis]});
}

/** Heads and tokens change places. */
const SWAP = {perm: {ints: [0, 2, 1, 3]}};

function swapHeadsAndTokens(layer: LayerBuilder, part: string, input: string): string {
  return layer.node(part, {op: 'Transpose', inputs: [input], attributes: SWAP});
}
