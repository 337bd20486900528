import {byteAt, f16At} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';

/** 16 bytes of scale and minimum for 16 groups of 16, 256 integers of 2 bits, two f16: scale · q − minimum. */
export const Q2_K: StorageFormat = {
  kind: 'blocks',
  groupWeights: 16,
  bits: 4,
  centre: 0,
  hasOffsets: true,
  read: ({bytes, at}, {integers, scales, offsets}) => {
    const scale = f16At(bytes, at + 80);
    const minimum = f16At(bytes, at + 82);
    for (let group = 0; group < 16; group += 1) {
      const both = byteAt(bytes, at + group);
      scales[group] = scale * (both & 15);
      offsets[group] = -(minimum * (both >> 4));
    }
    // Each 32 bytes hold 128 weights: the two lowest bits of all, then the next two.
    for (let i = 0; i < 256; i += 1) {
      const quarter = (i >> 5) & 3;
      integers[i] = (byteAt(bytes, at + 16 + ((i >> 7) << 5) + (i & 31)) >> (2 * quarter)) & 3;
    }
  },
};
