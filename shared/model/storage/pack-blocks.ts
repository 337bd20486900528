import {assert} from '../../base/assert.ts';
import {BLOCK_SIZES} from './block-sizes.ts';
import {partsOfBlock, rowCount, rowLength, type StoredTensor} from './dequantise-rows.ts';
import type {BlockFormat, BlockParts} from './format/storage-format.ts';
import {STORAGE_TYPES} from './storage-types.ts';

/** What a symmetric product with `MatMulNBits` needs to know of a quantised tensor. */
export type PackedFormat = Pick<BlockFormat, 'bits' | 'groupWeights' | 'hasOffsets'>;

/** `null` for floats, which stay floats in every engine. */
export function packedFormat({dtype}: StoredTensor): PackedFormat | null {
  const format = STORAGE_TYPES[dtype];
  return format.kind === 'blocks' ? format : null;
}

/**
 * Writes a matrix as `MatMulNBits` reads it: the integers, unsigned around 8 or 128, and the
 * scales. Whichever of the two is given is written.
 *
 * @param target.bytes `[rows, groups, bytes of a group]`, neighbours in one byte: the low half first.
 * @param target.scales `[rows, groups]`.
 */
export function packBlocks(
  tensor: StoredTensor,
  target: {readonly bytes?: Uint8Array; readonly scales?: Float32Array},
): void {
  eachBlock(tensor, ({format, parts, block}) => {
    const {bits, centre} = format;
    target.scales?.set(parts.scales, block * parts.scales.length);
    if (!target.bytes) return;
    const {integers} = parts;
    const to = (block * integers.length * bits) / 8;
    if (bits === 8) packBytes(integers, centre, target.bytes.subarray(to));
    else packNibbles(integers, centre, target.bytes.subarray(to));
  });
}

/**
 * What a symmetric product leaves out of a type with offsets, per group: offset + centre · scale.
 * Times the sum of the group's inputs it is the rest of the product.
 *
 * @param target.values `[groups of a row, rowStride]`, from column `firstColumn`.
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
  eachBlock(tensor, ({format, parts, block}) => {
    const perRow = rowLength(tensor) / format.groupWeights;
    const firstGroup = block * parts.scales.length;
    for (const [at, scale] of parts.scales.entries()) {
      const row = Math.floor((firstGroup + at) / perRow);
      const group = firstGroup + at - row * perRow;
      const offset = (parts.offsets[at] ?? 0) + format.centre * scale;
      values[group * rowStride + firstColumn + row] = offset;
    }
  });
}

type ReadBlock = {
  readonly format: BlockFormat;
  readonly parts: BlockParts;
  /** Its place in the tensor. */
  readonly block: number;
};

function eachBlock(tensor: StoredTensor, act: (read: ReadBlock) => void): void {
  const {dtype, bytes} = tensor;
  const format = STORAGE_TYPES[dtype];
  assert(format.kind === 'blocks', `a tensor of ${dtype} has no blocks`);
  const [blockWeights, blockBytes] = BLOCK_SIZES[dtype];
  const blockCount = (rowCount(tensor) * rowLength(tensor)) / blockWeights;
  const parts = partsOfBlock(format, blockWeights);
  for (let block = 0; block < blockCount; block += 1) {
    format.read({bytes, at: block * blockBytes}, parts);
    act({format, parts, block});
  }
}

function packNibbles(integers: Int8Array, centre: number, out: Uint8Array): void {
  const zero = 8 - centre;
  for (let i = 0; i < integers.length; i += 2) {
    const even = (integers[i] ?? 0) + zero;
    const odd = (integers[i + 1] ?? 0) + zero;
    out[i / 2] = even | (odd << 4);
  }
}

function packBytes(integers: Int8Array, centre: number, out: Uint8Array): void {
  const zero = 128 - centre;
  for (let i = 0; i < integers.length; i += 1) out[i] = (integers[i] ?? 0) + zero;
}
