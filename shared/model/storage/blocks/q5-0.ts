import {f16At} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';
import {addFifthBits, centreIntegers, readNibbles} from './read-nibbles.ts';

/** Scale, 32 fifth bits, 32 nibbles: scale · (q − 16). */
export const Q5_0: StorageFormat = {
  kind: 'blocks',
  groupWeights: 32,
  bits: 8,
  centre: 0,
  hasOffsets: false,
  read: ({bytes, at}, {integers, scales}) => {
    scales[0] = f16At(bytes, at);
    readNibbles({bytes, at: at + 6}, integers);
    addFifthBits({bytes, at: at + 2}, integers);
    centreIntegers(integers, 16);
  },
};
