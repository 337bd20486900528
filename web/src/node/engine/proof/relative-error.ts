/**
 * How far two engines may be apart. Rounding to f16 at each boundary moves single
 * values by 2⁻¹¹; a kernel that is wrong moves all of a row by its own size.
 */
export const MAX_RELATIVE_ERROR = 0.002;

/**
 * The largest distance of a row from the expected one, as a part of the expected
 * one's length. Infinity when the shapes differ; NaN as soon as one value is NaN.
 */
export function relativeError(
  actual: Float32Array,
  expected: Float32Array,
  rowLength: number,
): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let start = 0; start < expected.length; start += rowLength) {
    let distance = 0;
    let length = 0;
    for (let at = start; at < start + rowLength; at += 1) {
      const value = expected[at] ?? Number.NaN;
      const difference = (actual[at] ?? Number.NaN) - value;
      distance += difference * difference;
      length += value * value;
    }
    const error = distance === 0 ? 0 : Math.sqrt(distance / length);
    if (!(error <= largest)) largest = error;
    if (Number.isNaN(largest)) return largest;
  }
  return largest;
}
