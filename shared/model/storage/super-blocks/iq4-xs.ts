import {IQ4_VALUES} from '../format/iq4-values.ts';
import {byteAt, f16At, u16At} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';

/** f16, 8 scales of 6 bits (upper 2, then lower 4), 256 nibbles: scale · value of the nibble. */
export const IQ4_XS: StorageFormat = {
  kind: 'blocks',
  groupWeights: 32,
  bits: 8,
  centre: 0,
  hasOffsets: false,
  read: ({bytes, at}, {integers, scales}) => {
    const scale = f16At(bytes, at);
    const highs = u16At(bytes, at + 2);
    for (let group = 0; group < 8; group += 1) {
      const low = byteAt(bytes, at + 4 + (group >> 1)) >> (4 * (group & 1));
      const high = highs >> (2 * group);
      scales[group] = scale * (((low & 15) | ((high & 3) << 4)) - 32);
    }
    // Each 16 bytes hold one group: the low nibbles, then the high ones.
    for (let i = 0; i < 128; i += 1) {
      const pair = byteAt(bytes, at + 8 + i);
      const to = 2 * i - (i & 15);
      integers[to] = IQ4_VALUES[pair & 15] ?? 0;
      integers[to + 16] = IQ4_VALUES[pair >> 4] ?? 0;
    }
  },
};
