import {turnedSize, type ModelSpec} from '#shared/model/model-spec.ts';
import type {LayerBuilder} from '../layer-builder.ts';
import {addGroupedAttention, addGroupedQueries} from './add-grouped-attention.ts';
import {attendByProducts, scoreScale, swapHeadsAndTokens} from './attend-by-products.ts';
import {addExtraRow, dropExtraRow, groupSize} from './attention-rows.ts';
import {rotate} from './rotate.ts';

/** onnxruntime's own operator turns whole 16 numbers of a head, and on a GPU it has no cap. */
export function fitsOperator(spec: ModelSpec): boolean {
  return spec.attentionCap === undefined && spec.headSize % 16 === 0 && turnedSize(spec) % 16 === 0;
}

export function addGpuAttention(layer: LayerBuilder, normed: string): string {
  return fitsOperator(layer.spec)
    ? addGroupedAttention(layer, normed)
    : addProductAttention(layer, normed);
}

/** Where the operator does not fit it still writes the cache, with as few queries as it takes. */
function addProductAttention(layer: LayerBuilder, normed: string): string {
  const {spec} = layer;
  const {headCount, kvHeadCount, headSize} = spec;
  const plain = layer.queryKeyValue(normed);
  const key = rotate(layer, plain.key, kvHeadCount);
  const {keys, values} = addGroupedQueries(layer, {
    inputs: {query: key, key, value: plain.value, tables: []},
    attributes: {num_heads: {int: kvHeadCount}},
  });
  const groupLength = groupSize(spec) * headSize;
  const query = rotate(layer, plain.query, headCount);
  const split = layer.reshape('q.split', query, [0, 0, kvHeadCount, groupLength]);
  const grouped = swapHeadsAndTokens(layer, 'q.heads', split);
  const rows = addExtraRow(layer, layer.reshape('q.rows', grouped, [0, 0, -1, headSize]), 2);
  const attended = attendByProducts(layer, {scores: addScores(layer, rows, keys), values});
  const own = dropExtraRow(layer, attended, 2);
  const perToken = layer.reshape('attended.groups', own, [0, 0, -1, groupLength]);
  const together = swapHeadsAndTokens(layer, 'attended.tokens', perToken);
  const joined = layer.reshape('attended.joined', together, [0, 0, headCount * headSize]);
  return layer.product(joined, 'attention', ['attn_output']);
}

function addScores(layer: LayerBuilder, rows: string, keys: string): string {
  const columns = layer.node('keys.columns', {
    op: 'Transpose',
    inputs: [keys],
    attributes: {perm: {ints: [0, 1, 3, 2]}},
  });
  const product = layer.node('scores.product', {op: 'MatMul', inputs: [rows, columns]});
  return layer.scaled('scores', product, scoreScale(layer.spec));
}
