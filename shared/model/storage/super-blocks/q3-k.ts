import {byteAt, f16At} from '../format/read-bytes.ts';
import type {StorageFormat, StoredBlock} from '../format/storage-format.ts';

/** 256 third bits, 256 integers of 2 bits, 16 scales of 6 bits for groups of 16, one f16: scale · (q − 4). */
export const Q3_K: StorageFormat = {
  kind: 'blocks',
  groupWeights: 16,
  bits: 4,
  centre: 0,
  hasOffsets: false,
  read: ({bytes, at}, {integers, scales}) => {
    const scale = f16At(bytes, at + 108);
    for (let group = 0; group < 16; group += 1) {
      scales[group] = scale * (scaleOf({bytes, at: at + 96}, group) - 32);
    }
    for (let i = 0; i < 256; i += 1) {
      // Each 32 bytes hold 128 weights: the two lowest bits of all, then the next two.
      const quarter = (i >> 5) & 3;
      const low = byteAt(bytes, at + 32 + ((i >> 7) << 5) + (i & 31)) >> (2 * quarter);
      const third = byteAt(bytes, at + (i & 31)) >> (i >> 5);
      integers[i] = ((low & 3) | ((third & 1) << 2)) - 4;
    }
  },
};

/** 12 bytes: the lower 4 bits of groups 0 to 7 and 8 to 15 in the first 8, the upper 2 of g, g + 4, … in the last 4. */
function scaleOf({bytes, at}: StoredBlock, group: number): number {
  const low = byteAt(bytes, at + (group & 7)) >> (group < 8 ? 0 : 4);
  const high = byteAt(bytes, at + 8 + (group & 3)) >> (2 * (group >> 2));
  return (low & 15) | ((high & 3) << 4);
}
