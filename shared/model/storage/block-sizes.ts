/**
 * The storage types that Weft reads, by ggml's names: weights in a block, and bytes of a block.
 * Apart from how they are decoded (`storage-types.ts`), as the page loads this before its first click.
 * https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
 */
export const BLOCK_SIZES = {
  F32: [1, 4],
  F16: [1, 2],
  BF16: [1, 2],
  Q8_0: [32, 34],
  Q4_0: [32, 18],
  Q4_1: [32, 20],
  Q5_0: [32, 22],
  Q5_1: [32, 24],
  Q2_K: [256, 84],
  Q3_K: [256, 110],
  Q4_K: [256, 144],
  Q5_K: [256, 176],
  Q6_K: [256, 210],
  IQ4_NL: [32, 18],
  IQ4_XS: [256, 136],
} as const satisfies Readonly<Record<string, readonly [weights: number, bytes: number]>>;

export type TensorDtype = keyof typeof BLOCK_SIZES;

export function isTensorDtype(name: string): name is TensorDtype {
  return Object.hasOwn(BLOCK_SIZES, name);
}

export const TENSOR_DTYPES: readonly TensorDtype[] = Object.keys(BLOCK_SIZES).filter(isTensorDtype);
