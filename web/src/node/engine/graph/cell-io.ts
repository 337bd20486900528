/** Names and shapes of a cell's inputs and outputs, f32 unless said. */
export const CELL_IO = {
  /** In: `[batch, tokens, hiddenSize]`. */
  hidden: 'hidden',
  /** In, i64: `[batch, tokens]`, the position of each token. */
  positions: 'positions',
  /**
   * In: `[batch, 1, rows, total]`, added to attention's scores: 0 where a row may
   * look, `MASKED` where not. How many rows a piece has: `attentionRows`.
   */
  mask: 'mask',
  /** In: `[total, 1]`, all of them 1. */
  ones: 'ones',
  /** In, i32: `[batch]`, the last position of the piece. */
  lastPosition: 'last_position',
  /** In, i32: `[1]`, tokens in the cache with the piece. */
  totalTokens: 'total_tokens',
  /** Out: `[batch, tokens, hiddenSize]`. */
  result: 'result',
  /** Keys and values, `[batch, kvHeadCount, tokens, headSize]`: `past` in, `present` out. */
  pastKey: (layer: number) => `past_key.${layer}`,
  pastValue: (layer: number) => `past_value.${layer}`,
  presentKey: (layer: number) => `present_key.${layer}`,
  presentValue: (layer: number) => `present_value.${layer}`,
} as const;

/** Names of what the layers of a cell share. */
export const CELL_CONSTANTS = {
  rotaryCos: 'rotary_cos',
  rotarySin: 'rotary_sin',
  lastAxis: 'last_axis',
} as const;
