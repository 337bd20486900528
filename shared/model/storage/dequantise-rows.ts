import {assert} from '../../base/assert.ts';
import {BLOCK_SIZES, type TensorDtype} from './block-sizes.ts';
import type {BlockFormat, BlockParts} from './format/storage-format.ts';
import {STORAGE_TYPES} from './storage-types.ts';

/** A tensor as the file stores it. Rows run along GGUF's first (contiguous) dimension. */
export type StoredTensor = {
  readonly dtype: TensorDtype;
  /** GGUF order: `[rowLength, rowCount, …]`. */
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
};

/** Length of one row, in values. */
export function rowLength(tensor: StoredTensor): number {
  return tensor.shape[0] ?? 0;
}

/** Number of rows, all outer dimensions together. */
export function rowCount(tensor: StoredTensor): number {
  return tensor.shape.slice(1).reduce((product, size) => product * size, 1);
}

/** Writes rows `[startRow, endRow)` as f32 to `out`, row major, from `out[0]`: bit for bit what ggml gives. */
export function dequantiseRows(
  tensor: StoredTensor,
  rows: {readonly startRow: number; readonly endRow: number},
  out: Float32Array,
): void {
  const {dtype} = tensor;
  const format = STORAGE_TYPES[dtype];
  const [blockWeights, blockBytes] = BLOCK_SIZES[dtype];
  const blocksPerRow = rowLength(tensor) / blockWeights;
  const startByte = rows.startRow * blocksPerRow * blockBytes;
  const endByte = rows.endRow * blocksPerRow * blockBytes;
  const length = (rows.endRow - rows.startRow) * rowLength(tensor);
  assert(Number.isInteger(blocksPerRow), `rows of ${dtype} hold whole blocks`);
  assert(endByte <= tensor.bytes.length, 'rows lie inside the tensor');
  assert(length <= out.length, 'rows fit the target');
  const bytes = tensor.bytes.subarray(startByte, endByte);
  const values = out.subarray(0, length);
  if (format.kind === 'float') format.decode(bytes, values);
  else decodeBlocks(format, {bytes, blockWeights, blockBytes}, values);
}

/** Room for the parts of one block of `blockWeights` weights. */
export function partsOfBlock({groupWeights}: BlockFormat, blockWeights: number): BlockParts {
  const groups = blockWeights / groupWeights;
  return {
    integers: new Int8Array(blockWeights),
    scales: new Float32Array(groups),
    offsets: new Float32Array(groups),
  };
}

function decodeBlocks(
  format: BlockFormat,
  stored: {
    readonly bytes: Uint8Array;
    readonly blockWeights: number;
    readonly blockBytes: number;
  },
  values: Float32Array,
): void {
  const {bytes, blockWeights, blockBytes} = stored;
  const parts = partsOfBlock(format, blockWeights);
  const block = {bytes, at: 0};
  for (let to = 0; to < values.length; to += blockWeights) {
    format.read(block, parts);
    writeWeights(format, parts, values, to);
    block.at += blockBytes;
  }
}

function writeWeights(
  {groupWeights, hasOffsets}: BlockFormat,
  {integers, scales, offsets}: BlockParts,
  values: Float32Array,
  to: number,
): void {
  for (let group = 0; group < scales.length; group += 1) {
    const scale = scales[group] ?? 0;
    const first = group * groupWeights;
    const end = first + groupWeights;
    if (hasOffsets) {
      const offset = offsets[group] ?? 0;
      for (let i = first; i < end; i += 1) values[to + i] = scale * (integers[i] ?? 0) + offset;
    } else {
      // Not plus an offset of zero: that would make −0, which a negative scale gives, +0.
      for (let i = first; i < end; i += 1) values[to + i] = scale * (integers[i] ?? 0);
    }
  }
}
