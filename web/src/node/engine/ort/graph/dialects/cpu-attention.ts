import {attentionInputsOf, CELL_IO} from '../cell-io.ts';
import type {LayerBuilder} from '../layer-builder.ts';
import {scoreScale, SWAP, type AttentionParts} from './add-attention.ts';

/** On the CPU a cache is copied with the piece in its place, and keys are read as they lie. */
export const CPU_ATTENTION: AttentionParts = {
  addToCache: (layer, {key, value}) => ({
    keys: intoCache(layer, 'key', key),
    values: intoCache(layer, 'value', value),
  }),
  addScores: (layer, {rows, keys}) =>
    layer.node('scores', {
      op: 'FusedMatMul',
      domain: 'microsoft',
      inputs: [rows, keys],
      attributes: {transB: {int: 1}, alpha: {float: scoreScale(layer.spec)}},
    }),
};

/** The cache of one kind with the piece in its place. Only the piece leaves the graph: the cache is known outside. */
function intoCache(layer: LayerBuilder, kind: 'key' | 'value', input: string): string {
  const {graph, spec} = layer;
  const isKey = kind === 'key';
  const past = isKey ? CELL_IO.pastKey(layer.layer) : CELL_IO.pastValue(layer.layer);
  const piece = isKey ? CELL_IO.pieceKey(layer.layer) : CELL_IO.pieceValue(layer.layer);
  const {places, room} = attentionInputsOf(spec, layer.layer);
  graph.input(past, 'f32', ['batch', spec.kvHeadCount, room, spec.headSize]);
  graph.output(piece, 'f32', ['batch', spec.kvHeadCount, 'tokens', spec.headSize]);
  const split = layer.reshape(`${kind}.split`, input, [0, 0, spec.kvHeadCount, spec.headSize]);
  graph.node({op: 'Transpose', inputs: [split], outputs: [piece], attributes: SWAP});
  return layer.node(`${kind}.all`, {op: 'ScatterND', inputs: [past, places, piece]});
}
