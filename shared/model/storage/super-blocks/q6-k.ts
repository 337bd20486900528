import {byteAt, f16At, signedByteAt} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';

/** 256 nibbles, 256 × 2 upper bits, 16 signed scales for groups of 16, one f16: scale · (q − 32). */
export const Q6_K: StorageFormat = {
  kind: 'blocks',
  groupWeights: 16,
  bits: 8,
  centre: 0,
  hasOffsets: false,
  read: ({bytes, at}, {integers, scales}) => {
    const scale = f16At(bytes, at + 208);
    for (let group = 0; group < 16; group += 1) {
      scales[group] = scale * signedByteAt(bytes, at + 192 + group);
    }
    for (let i = 0; i < 256; i += 1) {
      const half = i >> 7;
      // Each 64 bytes hold the nibbles of 128 weights, low ones first; each 32 their upper bits.
      const low = byteAt(bytes, at + 64 * half + (i & 63)) >> ((i & 64) >> 4);
      const high = byteAt(bytes, at + 128 + 32 * half + (i & 31)) >> (2 * ((i >> 5) & 3));
      integers[i] = ((low & 15) | ((high & 3) << 4)) - 32;
    }
  },
};
