import {isWindowed} from '#shared/model/layer-kind.ts';
import {CELL_IO} from '../cell-io.ts';
import type {LayerBuilder} from '../layer-builder.ts';
import {rotaryInputsOf} from './rotary-inputs.ts';

/**
 * Attention of one layer as onnxruntime's own operator, with a cache of fixed
 * size: bound as `past` and as `present` at once, it is written in place.
 */
export function addGroupedAttention(layer: LayerBuilder, normed: string): string {
  const {graph, spec} = layer;
  const {headCount, kvHeadCount, headSize} = spec;
  const {query, key, value} = layer.queryKeyValue(normed);
  const [pastKey, pastValue] = [CELL_IO.pastKey(layer.layer), CELL_IO.pastValue(layer.layer)];
  const presentKey = CELL_IO.presentKey(layer.layer);
  const presentValue = CELL_IO.presentValue(layer.layer);
  const cacheShape = ['batch', kvHeadCount, 'capacity', headSize];
  for (const past of [pastKey, pastValue]) graph.input(past, 'f32', cacheShape);
  for (const present of [presentKey, presentValue]) graph.output(present, 'f32', cacheShape);
  const tables = rotaryInputsOf(layer);
  const {lastPosition, totalTokens} = CELL_IO;
  const attended = graph.node({
    op: 'GroupQueryAttention',
    domain: 'microsoft',
    inputs: [query, key, value, pastKey, pastValue, lastPosition, totalTokens, ...(tables ?? [])],
    outputs: [layer.name('attended'), presentKey, presentValue],
    attributes: {
      num_heads: {int: headCount},
      kv_num_heads: {int: kvHeadCount},
      do_rotary: {int: tables === null ? 0 : 1},
      rotary_interleaved: {int: spec.ropeInterleaved ? 1 : 0},
      ...(spec.attentionScale !== undefined && {scale: {float: spec.attentionScale}}),
      ...(spec.window !== undefined &&
        isWindowed(spec, layer.layer) && {local_window_size: {int: spec.window.tokens}}),
    },
  });
  return layer.product(attended, 'attention', ['attn_output']);
}
