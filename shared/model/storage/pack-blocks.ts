import type {TensorDtype} from '../manifest/manifest.ts';
import {rowCount, rowLength, type StoredTensor} from './dequantise-rows.ts';
import {decodeF16} from './f16.ts';

/** How many values share a scale, in every quantised storage type here. */
export const BLOCK_VALUES = 32;

/** GGUF keeps an offset between scale and integers in Q4_1 only. */
const LAYOUT = {
  Q4_0: {bits: 4, bytes: 18, integersAt: 2},
  Q4_1: {bits: 4, bytes: 20, integersAt: 4},
  Q8_0: {bits: 8, bytes: 34, integersAt: 2},
} as const;

/** Bits of a stored integer; `null` for types without blocks. */
export function quantisedBits(dtype: TensorDtype): 4 | 8 | null {
  return isQuantised(dtype) ? LAYOUT[dtype].bits : null;
}

/**
 * Writes a matrix in blocks as `MatMulNBits` reads them: the integers, unsigned
 * around 8 or 128, and the scales. Whichever of the two is given is written.
 *
 * @param target.bytes `[rows, blocks, 16 or 32]`, neighbours in one byte: the low half first.
 * @param target.scales `[rows, blocks]`.
 */
export function packBlocks(
  tensor: StoredTensor,
  target: {readonly bytes?: Uint8Array; readonly scales?: Float32Array},
): void {
  const {dtype, bytes} = tensor;
  if (!isQuantised(dtype)) throw new TypeError(`A tensor of ${dtype} has no blocks`);
  const {bits, bytes: blockBytes, integersAt} = LAYOUT[dtype];
  const outBytes = (BLOCK_VALUES * bits) / 8;
  const pack = bits === 4 ? packNibbles : packBytes;
  for (let block = 0; block < blockCount(tensor); block += 1) {
    const at = block * blockBytes;
    if (target.scales) target.scales[block] = f16At(bytes, at);
    if (target.bytes) {
      pack(bytes.subarray(at + integersAt, at + blockBytes), target.bytes, block * outBytes);
    }
  }
}

/**
 * What a symmetric product leaves out of Q4_1, per block: offset + 8 · scale.
 * Times the sum of the block's inputs it is the rest of the product.
 *
 * @param target.values `[blocks of a row, rowStride]`, from column `firstColumn`.
 */
export function writeCorrection(
  tensor: StoredTensor,
  target: {
    readonly values: Float32Array;
    readonly rowStride: number;
    readonly firstColumn: number;
  },
): void {
  const {values, rowStride, firstColumn} = target;
  const perRow = rowLength(tensor) / BLOCK_VALUES;
  for (let block = 0; block < blockCount(tensor); block += 1) {
    const at = block * LAYOUT.Q4_1.bytes;
    const row = Math.floor(block / perRow);
    const offset = f16At(tensor.bytes, at + 2) + 8 * f16At(tensor.bytes, at);
    values[(block - row * perRow) * rowStride + firstColumn + row] = offset;
  }
}

function isQuantised(dtype: TensorDtype): dtype is keyof typeof LAYOUT {
  return dtype in LAYOUT;
}

function blockCount(tensor: StoredTensor): number {
  return (rowCount(tensor) * rowLength(tensor)) / BLOCK_VALUES;
}

const f16At = (bytes: Uint8Array, at: number): number =>
  decodeF16((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));

/** GGUF: values 0 to 15 in the low halves, 16 to 31 in the high ones. */
function packNibbles(stored: Uint8Array, out: Uint8Array, to: number): void {
  for (let i = 0; i < 8; i += 1) {
    const even = stored[2 * i] ?? 0;
    const odd = stored[2 * i + 1] ?? 0;
    out[to + i] = (even & 15) | ((odd & 15) << 4);
    out[to + 8 + i] = (even >> 4) | (odd & 0xf0);
  }
}

/** GGUF: signed. */
function packBytes(stored: Uint8Array, out: Uint8Array, to: number): void {
  for (let i = 0; i < BLOCK_VALUES; i += 1) out[to + i] = (stored[i] ?? 0) ^ 128;
}
