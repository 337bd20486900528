import {byteAt, f16At} from '../format/read-bytes.ts';
import type {BlockParts, StoredBlock} from '../format/storage-format.ts';

const GROUPS = 8;

/**
 * The head of a block of Q4_K and Q5_K: f16 scale and f16 minimum of the whole block, then of
 * each of its eight groups 6 bits for either. The lower 6 bits of bytes 0 to 3 are the scales
 * of groups 0 to 3, of bytes 4 to 7 their minima. Groups 4 to 7 have the nibbles of bytes
 * 8 to 11, low for the scale, and the two upper bits of the byte of the group four before.
 */
export function readScalesAndMinima({bytes, at}: StoredBlock, parts: BlockParts): void {
  const scale = f16At(bytes, at);
  const minimum = f16At(bytes, at + 2);
  const packedAt = at + 4;
  for (let group = 0; group < GROUPS; group += 1) {
    const lower = group & 3;
    const scaleByte = byteAt(bytes, packedAt + lower);
    const minimumByte = byteAt(bytes, packedAt + 4 + lower);
    const rest = byteAt(bytes, packedAt + 8 + lower);
    const isFirstHalf = group < 4;
    const groupScale = isFirstHalf ? scaleByte & 63 : (rest & 15) | ((scaleByte >> 6) << 4);
    const groupMinimum = isFirstHalf ? minimumByte & 63 : (rest >> 4) | ((minimumByte >> 6) << 4);
    parts.scales[group] = scale * groupScale;
    parts.offsets[group] = -(minimum * groupMinimum);
  }
}
