import type {ModelSpec} from '#shared/model/model-spec.ts';
import {attentionInputsOf, CELL_CONSTANTS} from '../cell-io.ts';
import type {LayerBuilder} from '../layer-builder.ts';
import {rotate} from './rotate.ts';

/** Never is the maximum and vanishes in `exp`, yet leaves no NaN behind as −Infinity can. */
export const MASKED = -1e30;

/** How an engine writes what attention is made of. */
export type AttentionParts = {
  /** Keys, turned, and values of a piece, `[batch, tokens, heads · size]`. @returns all of the cache, by head. */
  readonly addToCache: (
    layer: LayerBuilder,
    piece: {readonly key: string; readonly value: string},
  ) => {readonly keys: string; readonly values: string};
  /** rows · keysᵀ · `scoreScale` */
  readonly addScores: (
    layer: LayerBuilder,
    factors: {readonly rows: string; readonly keys: string},
  ) => string;
};

/** Of attention's scores, as a part of their cap where they have one. */
export function scoreScale({headSize, attentionScale, attentionCap = 1}: ModelSpec): number {
  return (attentionScale ?? 1 / Math.sqrt(headSize)) / attentionCap;
}

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
export function addAttention(layer: LayerBuilder, normed: string, parts: AttentionParts): string {
  const {spec} = layer;
  const {headCount, kvHeadCount, headSize} = spec;
  const {query, key, value} = layer.queryKeyValue(normed);
  const heads = groupSize(spec) * headSize;
  const grouped = byHead(layer, 'q.heads', rotate(layer, query, headCount), heads);
  const rows = layer.reshape('q.rows', grouped, [0, 0, -1, headSize]);
  const cache = parts.addToCache(layer, {key: rotate(layer, key, kvHeadCount), value});
  const scores = parts.addScores(layer, {rows: addExtraRow(layer, rows), keys: cache.keys});
  const attended = dropExtraRow(layer, attend(layer, scores, cache.values));
  const perToken = layer.reshape('attended.groups', attended, [0, 0, -1, heads]);
  const together = swapHeadsAndTokens(layer, 'attended.tokens', perToken);
  const joined = layer.reshape('attended.joined', together, [0, 0, headCount * headSize]);
  return layer.product(joined, 'attention', ['attn_output']);
}

/** softmax(scores + mask) · values, the scores capped where the model says so */
function attend(layer: LayerBuilder, scores: string, values: string): string {
  const {mask, ones} = attentionInputsOf(layer.spec, layer.layer);
  const masked = layer.node('masked', {op: 'Add', inputs: [addCap(layer, scores), mask]});
  const largest = layer.node('largest', {
    op: 'ReduceMax',
    inputs: [masked, CELL_CONSTANTS.lastAxis],
    attributes: {keepdims: {int: 1}},
  });
  const shifted = layer.node('shifted', {op: 'Sub', inputs: [masked, largest]});
  const weights = layer.node('weights', {op: 'Exp', inputs: [shifted]});
  const sum = layer.node('weights.sum', {op: 'MatMul', inputs: [weights, ones]});
  const mixed = layer.node('mixed', {op: 'MatMul', inputs: [weights, values]});
  return layer.node('attended', {op: 'Div', inputs: [mixed, sum]});
}

/** `cap · tanh(scores)`, where scores are a part of the cap already. */
function addCap(layer: LayerBuilder, scores: string): string {
  const {attentionCap} = layer.spec;
  if (attentionCap === undefined) return scores;
  const bent = layer.node('scores.bent', {op: 'Tanh', inputs: [scores]});
  return layer.scaled('scores.capped', bent, attentionCap);
}

/** `[batch, tokens, kvHeadCount · size]` → `[batch, kvHeadCount, tokens, size]` */
function byHead(layer: LayerBuilder, part: string, input: string, size: number): string {
  const split = layer.reshape(`${part}.split`, input, [0, 0, layer.spec.kvHeadCount, size]);
  return swapHeadsAndTokens(layer, part, split);
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
export const SWAP = {perm: {ints: [0, 2, 1, 3]}};

function swapHeadsAndTokens(layer: LayerBuilder, part: string, input: string): string {
  return layer.node(part, {op: 'Transpose', inputs: [input], attributes: SWAP});
}
