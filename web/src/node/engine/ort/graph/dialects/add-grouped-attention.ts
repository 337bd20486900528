import {isWindowed} from '#shared/model/layer-kind.ts';
import {CELL_IO} from '../cell-io.ts';
import type {LayerBuilder} from '../layer-builder.ts';
import {rotaryInputsOf} from './rotary-inputs.ts';

/**
 * Attention of one layer as onnxruntime's own operator, with a cache of fixed
 * size: bound as `past` and as `present` at once, it is written in place.
 */
export function addGroupedAttention(layer: LayerBuilder, normed: string): string {
  const {spec} = layer;
  const {query, key, value} = layer.queryKeyValue(normed);
  const tables = rotaryInputsOf(layer);
  const {attended} = addGroupedQueries(layer, {
    inputs: {query, key, value, tables: tables ?? []},
    attributes: {
      num_heads: {int: spec.headCount},
      do_rotary: {int: tables === null ? 0 : 1},
      rotary_interleaved: {int: spec.ropeInterleaved ? 1 : 0},
      ...(spec.attentionScale !== undefined && {scale: {float: spec.attentionScale}}),
      ...(spec.window !== undefined &&
        isWindowed(spec, layer.layer) && {local_window_size: {int: spec.window.tokens}}),
    },
  });
  return layer.product(attended, 'attention', ['attn_output']);
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
  const {lastPosition, totalTokens} = CELL_IO;
  const [pastKey, pastValue] = [CELL_IO.pastKey(layer), CELL_IO.pastValue(layer)];
  const [keys, values] = [CELL_IO.presentKey(layer), CELL_IO.presentValue(layer)];
  const cacheShape = ['batch', spec.kvHeadCount, 'capacity', spec.headSize];
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
