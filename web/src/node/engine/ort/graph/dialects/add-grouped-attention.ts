import {isWindowed} from '#shared/model/layer-kind.ts';
import {turnedSize} from '#shared/model/model-spec.ts';
import {attentionInputsOf, CELL_IO} from '../cell-io.ts';
import type {LayerBuilder} from '../layer-builder.ts';
import {rotate} from './rotate.ts';
import {rotaryInputsOf} from './rotary-inputs.ts';

/**
 * Attention of one layer as onnxruntime's own operator, with a cache of fixed
 * size: bound as `past` and as `present` at once, it is written in place.
 *
 * It turns positions by their places, which with a window are not those of the model.
 */
export function addGroupedAttention(layer: LayerBuilder, normed: string): string {
  const {spec} = layer;
  const {headCount, window} = spec;
  const hasWindow = window !== undefined && isWindowed(spec, layer.layer);
  const tables = hasWindow ? [] : (rotaryInputsOf(layer) ?? []);
  const {attended} = addGroupedQueries(layer, {
    inputs: {...queryKeyValue(layer, normed, hasWindow), tables},
    attributes: {
      num_heads: {int: headCount},
      do_rotary: {int: tables.length === 0 ? 0 : 1},
      rotary_interleaved: {int: spec.ropeInterleaved ? 1 : 0},
      ...(spec.attentionScale !== undefined && {scale: {float: spec.attentionScale}}),
      ...(hasWindow && {local_window_size: {int: window.tokens}}),
    },
  });
  return layer.product(attended, 'attention', ['attn_output']);
}

/** One after the other in `query`, where the operator takes them so: it splits and turns them at once. */
function queryKeyValue(
  layer: LayerBuilder,
  normed: string,
  hasWindow: boolean,
): Record<'query' | 'key' | 'value', string> {
  const {headCount, kvHeadCount, headSize, queryKeyNorm} = layer.spec;
  const isWhole = queryKeyNorm === undefined && turnedSize(layer.spec) === headSize;
  if (isWhole && !hasWindow) {
    const query = layer.product(normed, 'qkv', layer.queryKeyValueParts);
    return {query, key: '', value: ''};
  }
  const {query, key, value} = layer.queryKeyValue(normed);
  if (!hasWindow) return {query, key, value};
  return {query: rotate(layer, query, headCount), key: rotate(layer, key, kvHeadCount), value};
}

/** The operator with its cache. @returns what it attends to, and keys and values of all positions. */
export function addGroupedQueries(
  builder: LayerBuilder,
  node: {
    readonly inputs: {
      readonly query: string;
      readonly key: string;
      readonly value: string;
      /** Cosines and sines, where it turns queries and keys. */
      readonly tables: readonly string[];
    };
    readonly attributes: Readonly<
      Record<string, {readonly int: number} | {readonly float: number}>
    >;
  },
): {readonly attended: string; readonly keys: string; readonly values: string} {
  const {graph, spec, layer} = builder;
  const {query, key, value, tables} = node.inputs;
  const {lastPosition, totalTokens, room} = attentionInputsOf(spec, layer);
  const [pastKey, pastValue] = [CELL_IO.pastKey(layer), CELL_IO.pastValue(layer)];
  const [keys, values] = [CELL_IO.presentKey(layer), CELL_IO.presentValue(layer)];
  const cacheShape = ['batch', spec.kvHeadCount, room, spec.headSize];
  for (const past of [pastKey, pastValue]) graph.input(past, 'f32', cacheShape);
  for (const present of [keys, values]) graph.output(present, 'f32', cacheShape);
  const attended = graph.node({
    op: 'GroupQueryAttention',
    domain: 'microsoft',
    inputs: [query, key, value, pastKey, pastValue, lastPosition, totalTokens, ...tables],
    outputs: [builder.name('grouped'), keys, values],
    attributes: {kv_num_heads: {int: spec.kvHeadCount}, ...node.attributes},
  });
  return {attended, keys, values};
}
