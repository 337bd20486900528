import type {MatrixOrder} from '#shared/model/storage/dequantise-transposed.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {LayerBuilder} from '../layer-builder.ts';
import {groupSize} from './attention-rows.ts';
import {rotaryInputsOf} from './rotary-inputs.ts';
import {rotate} from './rotate.ts';

/** How many heads a token has in a layer: those of its query, its key and its value. */
export function headsPerToken({headCount, kvHeadCount}: ModelSpec): number {
  return headCount + 2 * kvHeadCount;
}

/** Of those, how many turn. */
export function turnedPerToken({headCount, kvHeadCount}: ModelSpec): number {
  return headCount + kvHeadCount;
}

/**
 * Where a number of the query heads lies: the first head of every group first, then the second of every
 * group, and so on, so that heads of one group are rows one after the other without being moved. What is
 * behind the query heads stays where it is.
 */
export function placeByGroups(spec: ModelSpec): (at: number) => number {
  const {headCount, kvHeadCount, headSize} = spec;
  const size = groupSize(spec);
  return (at) => {
    const head = Math.floor(at / headSize);
    if (head >= headCount) return at;
    const place = (head % size) * kvHeadCount + Math.floor(head / size);
    return place * headSize + (at % headSize);
  };
}

type Heads = {readonly query: string; readonly key: string; readonly value: string};

/**
 * What attention looks for, looks at and takes: `[batch, tokens, heads, headSize]` each, query heads as
 * `placeByGroups` says, queries and keys turned. Values turn with them, by a row of the table that
 * leaves them as they are: one operator takes all.
 *
 * @param names of what comes out.
 */
export function addTurnedHeads(layer: LayerBuilder, normed: string, names: Heads): Heads {
  const order = {columnOf: placeByGroups(layer.spec)};
  const heads = addHeadNorms(layer, layer.product(normed, 'qkv', layer.queryKeyValueParts, order));
  if (rotaryInputsOf(layer) === null) return splitHeads(layer, heads, names);
  const one = layer.reshape('heads.rows', heads, [0, -1, layer.spec.headSize]);
  return splitHeads(layer, rotate(layer, one, 1), names);
}

/** All heads with the norms that the model has for those of queries and keys. */
function addHeadNorms(layer: LayerBuilder, heads: string): string {
  if (layer.spec.queryKeyNorm === undefined) return heads;
  const names = {query: layer.name('q'), key: layer.name('k'), value: layer.name('v')};
  const {query, key, value} = splitHeads(layer, heads, names);
  const normed = [
    addHeadNorm(layer, 'attn_q_norm', query, {rowOf: placeByGroups(layer.spec)}),
    addHeadNorm(layer, 'attn_k_norm', key),
  ];
  return layer.node('heads.normed', {
    op: 'Concat',
    inputs: [...normed, value],
    attributes: {axis: {int: 2}},
  });
}

function addHeadNorm(
  layer: LayerBuilder,
  part: string,
  heads: string,
  order?: MatrixOrder,
): string {
  const {queryKeyNorm, headSize} = layer.spec;
  if (queryKeyNorm === 'head') return layer.normOf(part, heads);
  const together = layer.reshape(`${part}.together`, heads, [0, 0, -1]);
  const normed = layer.normOf(part, together, order);
  return layer.reshape(`${part}.heads`, normed, [0, 0, -1, headSize]);
}

/** `[batch, tokens · heads, headSize]`, or heads and their numbers in one, by their kinds. */
function splitHeads(layer: LayerBuilder, input: string, names: Heads): Heads {
  const {headCount, kvHeadCount, headSize} = layer.spec;
  const {query, key, value} = names;
  const shape = [0, -1, headsPerToken(layer.spec), headSize];
  layer.graph.node({
    op: 'Split',
    inputs: [
      layer.reshape(`${query}.heads`, input, shape),
      layer.graph.integers(`${query}.counts`, [headCount, kvHeadCount, kvHeadCount]),
    ],
    outputs: [query, key, value],
    attributes: {axis: {int: 2}},
  });
  return names;
}
