import {f16At} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';
import {centreIntegers, readNibbles} from './read-nibbles.ts';

/** Scale, 32 nibbles: scale · (q − 8). */
export const Q4_0: StorageFormat = {
  kind: 'blocks',
  groupWeights: 32,
  bits: 4,
  centre: 0,
  hasOffsets: false,
  read: ({bytes, at}, {integers, scales}) => {
    scales[0] = f16At(bytes, at);
    readNibbles({bytes, at: at + 2}, integers);
    centreIntegers(integers, 8);
  },
};
