import {byteAt} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';
import {readScalesAndMinima} from './k-scales.ts';

/** Scales and minima of 8 groups of 32, 256 nibbles: scale · q − minimum. */
export const Q4_K: StorageFormat = {
  kind: 'blocks',
  groupWeights: 32,
  bits: 4,
  centre: 8,
  hasOffsets: true,
  read: (block, parts) => {
    const {bytes, at} = block;
    readScalesAndMinima(block, parts);
    // Each 32 bytes hold two groups: the low nibbles, then the high ones.
    for (let i = 0; i < 128; i += 1) {
      const pair = byteAt(bytes, at + 16 + i);
      const to = 2 * i - (i & 31);
      parts.integers[to] = pair & 15;
      parts.integers[to + 32] = pair >> 4;
    }
  },
};
