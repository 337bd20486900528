/** Numbers between two bounds, as many decimals as they may have at most, and what they are multiples of. */
export type NumberRange = {
  readonly decimals: number;
  /** The least and the most, in units of the last decimal: both are among them. */
  readonly least: number;
  readonly most: number;
  /** Whole, and 1 where numbers have decimals. */
  readonly multipleOf: number;
};
