/** The likeliest tokens of one position, best first, and what is needed to normalise them. */
export type TopLogits = {
  readonly tokenIds: Uint32Array;
  readonly logits: Float32Array;
  /** log Σ exp(logit) over the whole vocabulary. */
  readonly logSumExp: number;
};
