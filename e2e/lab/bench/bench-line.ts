import {percentile} from '../../load/report/percentile.ts';

/** One figure of a benchmark, as `npm run bench` prints it; a benchmark may add fields. */
export type BenchLine = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The figure that it is compared with, and `value / against`. */
  readonly against?: number;
  readonly ratio?: number;
  /** What `value` or `ratio` must not be worse than. */
  readonly floor?: number;
  /** How many samples, and their extremes. */
  readonly n: number;
  readonly min: number;
  readonly max: number;
};

/** A single sample, or an average of which nothing else is known. */
export function lineOf(
  name: string,
  value: number,
  unit: string,
): Pick<BenchLine, 'name' | 'value' | 'unit' | 'n' | 'min' | 'max'> {
  return {name, value, unit, n: 1, min: value, max: value};
}

/** The median of samples. */
export function lineOfAll(
  name: string,
  values: readonly number[],
  unit: string,
): ReturnType<typeof lineOf> {
  return {name, value: percentile(values, 50), unit, ...spreadOf(values)};
}

/** How many samples there are, and their extremes. */
export function spreadOf(values: readonly number[]): Pick<BenchLine, 'n' | 'min' | 'max'> {
  return {n: values.length, min: Math.min(...values), max: Math.max(...values)};
}
