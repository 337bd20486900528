import {byteAt} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';
import {readScalesAndMinima} from './k-scales.ts';

/** Scales and minima of 8 groups of 32, 256 fifth bits, 256 nibbles: scale · q − minimum. */
export const Q5_K: StorageFormat = {
  kind: 'blocks',
  groupWeights: 32,
  bits: 8,
  centre: 0,
  hasOffsets: true,
  read: (block, parts) => {
    const {bytes, at} = block;
    readScalesAndMinima(block, parts);
    // Each 32 bytes hold two groups: the low nibbles, then the high ones. Bit g of fifth byte i is of group g.
    for (let i = 0; i < 128; i += 1) {
      const pair = byteAt(bytes, at + 48 + i);
      const to = 2 * i - (i & 31);
      const fifth = byteAt(bytes, at + 16 + (i & 31)) >> (to >> 5);
      parts.integers[to] = (pair & 15) | ((fifth & 1) << 4);
      parts.integers[to + 32] = (pair >> 4) | ((fifth & 2) << 3);
    }
  },
};
