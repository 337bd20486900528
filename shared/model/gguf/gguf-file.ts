/** Key → value as GGUF has it: string, number, bigint, boolean or an array of these. */
export type GgufMetadata = Readonly<Record<string, unknown>>;

/** One line of the tensor table. */
export type GgufTensor = {
  readonly name: string;
  /** Name of the storage type (`Q4_1`), or `type 99` for one without a name. */
  readonly dtype: string;
  /** The contiguous dimension first. */
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly offsetBytes: number;
};

/** All of a GGUF file but the weights. */
export type GgufFile = {
  readonly metadata: GgufMetadata;
  readonly tensors: readonly GgufTensor[];
  /** Metadata and tensor table with padding; the weights start here. */
  readonly headerByteLength: number;
};
