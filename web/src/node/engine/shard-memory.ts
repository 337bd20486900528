/** What an engine holds of a shard. Counted, not estimated; what the browser takes beside it is not in it. */
export type ShardMemory = {
  /** Weights as the engine was given them, with the embedding and the rotary table. */
  readonly weightBytes: number;
  /** Keys and values of all open sessions. */
  readonly kvBytes: number;
};

export const NO_MEMORY: ShardMemory = {weightBytes: 0, kvBytes: 0};
