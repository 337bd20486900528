import {attentionInputsOf, CELL_IO} from '../cell-io.ts';
import type {LayerBuilder} from '../layer-builder.ts';
import {attendByProducts, scoreScale, swapHeadsAndTokens} from './attend-by-products.ts';
import {addExtraRow, dropExtraRow} from './attention-rows.ts';
import {addTurnedHeads, placeByGroups} from './turned-heads.ts';

type Attended = {readonly rows: string; readonly keys: string; readonly values: string};

/**
 * Attention of one layer over a cache that has room for the piece, and perhaps more, so that those of
 * several sessions are as long as each other: what is not there is masked.
 *
 * `GroupQueryAttention` is not used, because its bits depend on how many tokens a piece has. Here every sum
 * runs over the context in its order, through the same kernel, whatever piece a token came in and beside
 * whom; what the mask hides adds exact zeros. A position lies at its own place in the room: a product sums
 * in blocks of 128 places and more, and then the blocks, and a softmax in four lanes, of which a room is
 * whole ones. The query heads of a group are rows of one product: the cache is read once per group.
 */
export function addCpuAttention(layer: LayerBuilder, normed: string): string {
  const {spec} = layer;
  const {headCount, kvHeadCount, headSize} = spec;
  const {query, key, value} = addTurnedHeads(layer, normed, {
    query: layer.name('q.turned'),
    key: CELL_IO.pieceKey(layer.layer),
    value: CELL_IO.pieceValue(layer.layer),
  });
  const rows = layer.reshape('q.rows', query, [0, -1, kvHeadCount * headSize]);
  const attended = addAttended(layer, {
    rows: addExtraRow(layer, rows, 1),
    keys: addToCache(layer, 'key', key),
    values: addToCache(layer, 'value', value),
  });
  const own = dropExtraRow(layer, attended, 1);
  const joined = layer.reshape('attended.joined', own, [0, -1, headCount * headSize]);
  return layer.product(joined, 'attention', ['attn_output'], {rowOf: placeByGroups(spec)});
}

/** @returns `[batch, rows, …]`, of each row what all heads have in one. */
function addAttended(layer: LayerBuilder, parts: Attended): string {
  return layer.spec.attentionCap === undefined
    ? attendAtOnce(layer, parts)
    : attendCapped(layer, parts);
}

/** Rows of a group are to the operator positions of one head. */
function attendAtOnce(layer: LayerBuilder, {rows, keys, values}: Attended): string {
  const {mask} = attentionInputsOf(layer.spec, layer.layer);
  return layer.node('attended', {
    op: 'MultiHeadAttention',
    domain: 'microsoft',
    inputs: [rows, keys, values, '', '', mask],
    attributes: {
      num_heads: {int: layer.spec.kvHeadCount},
      scale: {float: scoreScale(layer.spec)},
    },
  });
}

/** The operator has no cap. */
function attendCapped(layer: LayerBuilder, {rows, keys, values}: Attended): string {
  const {kvHeadCount, headSize} = layer.spec;
  const split = layer.reshape('q.split', rows, [0, 0, kvHeadCount, headSize]);
  const scores = layer.node('scores', {
    op: 'FusedMatMul',
    domain: 'microsoft',
    inputs: [swapHeadsAndTokens(layer, 'q.heads', split), keys],
    attributes: {transB: {int: 1}, alpha: {float: scoreScale(layer.spec)}},
  });
  return swapHeadsAndTokens(layer, 'attended.rows', attendByProducts(layer, {scores, values}));
}

/** The cache of one kind with the piece in its place. Only the piece leaves the graph: the cache is known outside. */
function addToCache(layer: LayerBuilder, kind: 'key' | 'value', piece: string): string {
  const {graph, spec} = layer;
  const past = kind === 'key' ? CELL_IO.pastKey(layer.layer) : CELL_IO.pastValue(layer.layer);
  const {places, room} = attentionInputsOf(spec, layer.layer);
  graph.input(past, 'f32', ['batch', spec.kvHeadCount, room, spec.headSize]);
  graph.output(piece, 'f32', ['batch', 'tokens', spec.kvHeadCount, spec.headSize]);
  return layer.node(`${kind}.all`, {op: 'ScatterND', inputs: [past, places, piece]});
}
