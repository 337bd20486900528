import {assert} from '../../base/assert.ts';
import type {TensorDtype} from '../manifest/manifest.ts';
import {decodeF16} from './f16.ts';

/** A tensor as the file stores it. Rows run along GGUF's first (contiguous) dimension. */
export type StoredTensor = {
  readonly dtype: TensorDtype;
  /** GGUF order: `[rowLength, rowCount, …]`. */
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
};

type BlockFormat = {
  readonly values: number;
  readonly bytes: number;
  /** Writes the `values` numbers of the block that starts at `bytes[at]` to `out[to…]`. */
  readonly decode: (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void;
};

const float = new Float32Array(1);
const floatBytes = new Uint8Array(float.buffer);

const f16At = (bytes: Uint8Array, at: number): number =>
  decodeF16((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));

/** 32 values of 4 bits: the low halves of 16 bytes first, then the high ones. */
function decodeNibbles(
  block: {readonly bytes: Uint8Array; readonly at: number},
  affine: {readonly scale: number; readonly offset: number},
  target: {readonly out: Float32Array; readonly to: number},
): void {
  const {scale, offset} = affine;
  const {out, to} = target;
  for (let i = 0; i < 16; i += 1) {
    const pair = block.bytes[block.at + i] ?? 0;
    out[to + i] = scale * (pair & 15) + offset;
    out[to + 16 + i] = scale * (pair >> 4) + offset;
  }
}

const FORMATS: Readonly<Record<TensorDtype, BlockFormat>> = {
  F32: {
    values: 1,
    bytes: 4,
    decode: (bytes, at, out, to) => {
      for (let i = 0; i < 4; i += 1) floatBytes[i] = bytes[at + i] ?? 0;
      out[to] = float[0] ?? 0;
    },
  },
  F16: {
    values: 1,
    bytes: 2,
    decode: (bytes, at, out, to) => {
      out[to] = f16At(bytes, at);
    },
  },
  Q4_0: {
    values: 32,
    bytes: 18,
    decode: (bytes, at, out, to) => {
      const scale = f16At(bytes, at);
      decodeNibbles({bytes, at: at + 2}, {scale, offset: -8 * scale}, {out, to});
    },
  },
  Q4_1: {
    values: 32,
    bytes: 20,
    decode: (bytes, at, out, to) => {
      const affine = {scale: f16At(bytes, at), offset: f16At(bytes, at + 2)};
      decodeNibbles({bytes, at: at + 4}, affine, {out, to});
    },
  },
  Q8_0: {
    values: 32,
    bytes: 34,
    decode: (bytes, at, out, to) => {
      const scale = f16At(bytes, at);
      for (let i = 0; i < 32; i += 1)
        out[to + i] = scale * (((bytes[at + 2 + i] ?? 0) << 24) >> 24);
    },
  },
};

/** Length of one row, in values. */
export function rowLength(tensor: StoredTensor): number {
  return tensor.shape[0] ?? 0;
}

/** Number of rows, all outer dimensions together. */
export function rowCount(tensor: StoredTensor): number {
  return tensor.shape.slice(1).reduce((product, size) => product * size, 1);
}

/**
 * Writes rows `[startRow, endRow)` as f32 to `out`, row major, from `out[0]`.
 *
 * Exact: the product and the sum of a block's f16 scale and offset with its
 * integers fit an f64, so each value is rounded once, to f32, as in ggml.
 */
export function dequantiseRows(
  tensor: StoredTensor,
  rows: {readonly startRow: number; readonly endRow: number},
  out: Float32Array,
): void {
  const format = FORMATS[tensor.dtype];
  const blocksPerRow = rowLength(tensor) / format.values;
  const endBlock = rows.endRow * blocksPerRow;
  assert(Number.isInteger(blocksPerRow), `rows of ${tensor.dtype} hold whole blocks`);
  assert(endBlock * format.bytes <= tensor.bytes.length, 'rows lie inside the tensor');
  assert((rows.endRow - rows.startRow) * rowLength(tensor) <= out.length, 'rows fit the target');
  let to = 0;
  for (let block = rows.startRow * blocksPerRow; block < endBlock; block += 1) {
    format.decode(tensor.bytes, block * format.bytes, out, to);
    to += format.values;
  }
}
