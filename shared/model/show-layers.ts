import type {LayerRange} from './layer-range.ts';

/** `0–10, 20–30`, for a sentence. */
export function showLayers(ranges: readonly LayerRange[]): string {
  return ranges.map(({startLayer, endLayer}) => `${startLayer}–${endLayer}`).join(', ');
}
