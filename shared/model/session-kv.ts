import {mostKept} from './layer-kind.ts';
import {layerCount, layersOf, type LayerRange} from './layer-range.ts';
import {kvBytesPerTokenLayer, type ModelSpec} from './model-spec.ts';

/** What one session of `kvTokens` takes at most in the layers of a range, keys and values in f32. */
function kvBytesOf(spec: ModelSpec, range: LayerRange, kvTokens: number): number {
  const positions = layersOf(range).map((layer) => Math.min(kvTokens, mostKept(spec, layer)));
  return kvBytesPerTokenLayer(spec) * positions.reduce((sum, held) => sum + held, 0);
}

/**
 * How long a session may become beside others, where `kvTokens` tokens would fit if no layer had a window.
 *
 * @param others tokens of each of the other sessions.
 */
export function kvTokensBeside(
  spec: ModelSpec,
  range: LayerRange,
  {kvTokens, others}: {readonly kvTokens: number; readonly others: readonly number[]},
): number {
  const allBytes = kvTokens * kvBytesPerTokenLayer(spec) * layerCount(range);
  const taken = others.map((tokens) => kvBytesOf(spec, range, tokens));
  const freeBytes = taken.reduce((left, bytes) => left - bytes, allBytes);
  return Math.max(0, Math.min(kvTokens, kvTokensIn(spec, range, freeBytes)));
}

/** The most tokens of one session whose cache takes no more than so many bytes; all windows of a model are alike. */
function kvTokensIn(spec: ModelSpec, range: LayerRange, bytes: number): number {
  const layers = layersOf(range).map((layer) => mostKept(spec, layer));
  const windows = layers.filter((held) => held < Number.POSITIVE_INFINITY);
  const [windowTokens = 0] = windows;
  const positions = bytes / kvBytesPerTokenLayer(spec);
  if (positions < windowTokens * layers.length) return Math.floor(positions / layers.length);
  if (windows.length === layers.length) return Number.POSITIVE_INFINITY;
  const grown = positions - windowTokens * windows.length;
  return Math.floor(grown / (layers.length - windows.length));
}
