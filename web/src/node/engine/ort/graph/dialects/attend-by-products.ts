import type {ModelSpec} from '#shared/model/model-spec.ts';
import {attentionInputsOf} from '../cell-io.ts';
import type {LayerBuilder} from '../layer-builder.ts';

/** Of attention's scores, as a part of their cap where they have one. */
export function scoreScale({headSize, attentionScale, attentionCap = 1}: ModelSpec): number {
  return (attentionScale ?? 1 / Math.sqrt(headSize)) / attentionCap;
}

/**
 * softmax(scores + mask) · values, the scores capped where the model says so.
 *
 * @param parts.scores `[batch, kvHeadCount, rows, room]`: rows · keysᵀ · `scoreScale`.
 * @param parts.values of all of the cache.
 * @returns `[batch, kvHeadCount, rows, headSize]`.
 */
export function attendByProducts(
  layer: LayerBuilder,
  {scores, values}: {readonly scores: string; readonly values: string},
): string {
  const {mask} = attentionInputsOf(layer.spec, layer.layer);
  const masked = layer.node('masked', {op: 'Add', inputs: [addCap(layer, scores), mask]});
  const shares = layer.node('shares', {
    op: 'Softmax',
    inputs: [masked],
    attributes: {axis: {int: -1}},
  });
  return layer.node('attended', {op: 'MatMul', inputs: [shares, values]});
}

/** `cap · tanh(scores)`, where scores are a part of the cap already. */
function addCap(layer: LayerBuilder, scores: string): string {
  const {attentionCap} = layer.spec;
  if (attentionCap === undefined) return scores;
  const bent = layer.node('scores.bent', {op: 'Tanh', inputs: [scores]});
  return layer.scaled('scores.capped', bent, attentionCap);
}

/** Heads and tokens change places. */
export function swapHeadsAndTokens(layer: LayerBuilder, part: string, input: string): string {
  return layer.node(part, {
    op: 'Transpose',
    inputs: [input],
    attributes: {perm: {ints: [0, 2, 1, 3]}},
  });
}
