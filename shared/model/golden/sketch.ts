import * as z from 'zod/mini';
import {scatter} from './scatter.ts';

/** As many as an integer has bits. */
const SUM_COUNT = 32;

export const sketchSchema = z.readonly(
  z.strictObject({
    /** How large an ordinary one of the values is. */
    scale: z.number().check(z.positive()),
    sums: z.readonly(z.array(z.number()).check(z.length(SUM_COUNT))),
  }),
);

/**
 * Many values in 32 sums: each value is added to or taken from each sum, as chance has it, but always the same.
 * Two sets of values are about as far from each other as their sums are, so that it can be seen without
 * either set how far they differ, by many values a little or by one.
 */
export type Sketch = z.infer<typeof sketchSchema>;

/** @param values finite, and most of them not zero. */
export function sketchOf(values: Float32Array): Sketch {
  const sizes = values.map(Math.abs).toSorted();
  const scale = inDocument(sizes[sizes.length >> 1] ?? 0);
  return {scale, sums: sumsOf(values, scale).map(inDocument)};
}

/** As exact as it has to be. */
function inDocument(value: number): number {
  return Number(value.toPrecision(7));
}

/** How far values are from those of a sketch, as a part of those; NaN when one of them is not a number. */
export function distanceFrom({scale, sums}: Sketch, values: Float32Array): number {
  const differences = sumsOf(values, scale).map((sum, at) => sum - (sums[at] ?? Number.NaN));
  return Math.hypot(...differences) / Math.hypot(...sums);
}

/**
 * Values far beyond the ordinary count by their logarithm: models have a few that are a thousand times as
 * large, and rounding one of those would count for more than an error in all others.
 */
function sumsOf(values: Float32Array, scale: number): number[] {
  const sums = Array.from({length: SUM_COUNT}, () => 0);
  for (const [at, value] of values.entries()) {
    const size = Math.asinh(value / scale);
    // Of another number than made the golden input, which goes through to the output.
    const signs = scatter(-1 - at);
    for (let k = 0; k < SUM_COUNT; k += 1) {
      sums[k] = (sums[k] ?? 0) + ((signs >>> k) & 1 ? size : -size);
    }
  }
  return sums;
}
