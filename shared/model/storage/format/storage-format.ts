/** Where a block starts among the bytes of its tensor. */
export type StoredBlock = {readonly bytes: Uint8Array; readonly at: number};

/** What a block says, in its order: a weight is scale · integer + offset of its group. */
export type BlockParts = {
  readonly integers: Int8Array;
  /** One for each group. */
  readonly scales: Float32Array;
  /** One for each group; not written where the format has none. */
  readonly offsets: Float32Array;
};

/** Weights stored one by one, as numbers. */
type FloatFormat = {
  readonly kind: 'float';
  /** Writes all numbers of `bytes` to `out`. */
  readonly decode: (bytes: Uint8Array, out: Float32Array) => void;
};

/**
 * Weights stored as small integers, in groups that share a scale.
 *
 * The parts are exact: a scale or an offset is an f16 times an integer of at most 7 bits, so f32 holds
 * it, and f64 holds scale · integer + offset. A weight is rounded once, to f32, as in ggml.
 */
export type BlockFormat = {
  readonly kind: 'blocks';
  readonly groupWeights: 16 | 32;
  /** Of an integer once `centre` is taken from it: from −8 to 7, or from −128 to 127. */
  readonly bits: 4 | 8;
  readonly centre: 0 | 8;
  readonly hasOffsets: boolean;
  readonly read: (block: StoredBlock, parts: BlockParts) => void;
};

/** How the weights of one storage type lie in its bytes. */
export type StorageFormat = FloatFormat | BlockFormat;
