import {turnedSize, type ModelSpec} from '#shared/model/model-spec.ts';
import type {LayerBuilder} from '../layer-builder.ts';
import {addAttention, scoreScale, type AttentionParts} from './add-attention.ts';
import {addGroupedAttention, addGroupedQueries} from './add-grouped-attention.ts';

/** onnxruntime's own operator turns whole 16 numbers of a head, and on a GPU it has no cap. */
export function fitsOperator(spec: ModelSpec): boolean {
  return spec.attentionCap === undefined && spec.headSize % 16 === 0 && turnedSize(spec) % 16 === 0;
}

/** Where the operator does not fit it still writes the cache, with as few queries as it takes. */
const PRODUCT_ATTENTION: AttentionParts = {
  addToCache: (layer, {key, value}) =>
    addGroupedQueries(layer, {
      inputs: {query: key, key, value, tables: []},
      attributes: {num_heads: {int: layer.spec.kvHeadCount}},
    }),
  addScores: (layer, {rows, keys}) => {
    const columns = layer.node('keys.columns', {
      op: 'Transpose',
      inputs: [keys],
      attributes: {perm: {ints: [0, 1, 3, 2]}},
    });
    const product = layer.node('scores.product', {op: 'MatMul', inputs: [rows, columns]});
    return layer.scaled('scores', product, scoreScale(layer.spec));
  },
};

export function addGpuAttention(layer: LayerBuilder, normed: string): string {
  return fitsOperator(layer.spec)
    ? addGroupedAttention(layer, normed)
    : addAttention(layer, normed, PRODUCT_ATTENTION);
}
