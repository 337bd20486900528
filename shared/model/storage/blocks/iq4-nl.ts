import {IQ4_VALUES} from '../format/iq4-values.ts';
import {f16At} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';
import {readNibbles} from './read-nibbles.ts';

/** Scale, 32 nibbles: scale · value of the nibble. */
export const IQ4_NL: StorageFormat = {
  kind: 'blocks',
  groupWeights: 32,
  bits: 8,
  centre: 0,
  hasOffsets: false,
  read: ({bytes, at}, {integers, scales}) => {
    scales[0] = f16At(bytes, at);
    readNibbles({bytes, at: at + 2}, integers);
    for (let i = 0; i < 32; i += 1) integers[i] = IQ4_VALUES[integers[i] ?? 0] ?? 0;
  },
};
