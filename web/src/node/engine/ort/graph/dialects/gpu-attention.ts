import type {LayerBuilder} from '../layer-builder.ts';
import {addAttention, scoreScale, type AttentionParts} from './add-attention.ts';
import {addGroupedAttention, addGroupedQueries} from './add-grouped-attention.ts';

/**
 * On the GPU attention is onnxruntime's own operator, which has no cap there: capped scores are made of
 * products, and the operator writes the cache, with as few queries as it takes.
 */
const CAPPED_ATTENTION: AttentionParts = {
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
  return layer.spec.attentionCap === undefined
    ? addGroupedAttention(layer, normed)
    : addAttention(layer, normed, CAPPED_ATTENTION);
}
