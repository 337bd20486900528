import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {LayerBuilder} from '../layer-builder.ts';

/** Never is the maximum and vanishes in a softmax, yet leaves no NaN behind as −Infinity can. */
export const MASKED = -1e30;

/** Query heads that share one key and value head. */
export function groupSize(spec: ModelSpec): number {
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

/** See `attentionRows`: the first row once more, at the end. */
export function addExtraRow(layer: LayerBuilder, rows: string, axis: number): string {
  if (groupSize(layer.spec) > 1) return rows;
  const extra = sliceRows(layer, 'q.extra', rows, {axis, from: 0, to: 1});
  return layer.node('q.extended', {
    op: 'Concat',
    inputs: [rows, extra],
    attributes: {axis: {int: axis}},
  });
}

export function dropExtraRow(layer: LayerBuilder, rows: string, axis: number): string {
  if (groupSize(layer.spec) > 1) return rows;
  return sliceRows(layer, 'attended.own', rows, {axis, from: 0, to: -1});
}

function sliceRows(
  layer: LayerBuilder,
  part: string,
  input: string,
  {axis, from, to}: {readonly axis: number; readonly from: number; readonly to: number},
): string {
  const {graph} = layer;
  const bounds = Object.entries({from, to, axis}).map(([name, value]) =>
    graph.integers(layer.name(`${part}.${name}`), [value]),
  );
  return layer.node(part, {op: 'Slice', inputs: [input, ...bounds]});
}
