import {f16At} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';
import {addFifthBits, readNibbles} from './read-nibbles.ts';

/** Scale, minimum, 32 fifth bits, 32 nibbles: scale · q + minimum. */
export const Q5_1: StorageFormat = {
  kind: 'blocks',
  groupWeights: 32,
  bits: 8,
  centre: 0,
  hasOffsets: true,
  read: ({bytes, at}, {integers, scales, offsets}) => {
    scales[0] = f16At(bytes, at);
    offsets[0] = f16At(bytes, at + 2);
    readNibbles({bytes, at: at + 8}, integers);
    addFifthBits({bytes, at: at + 4}, integers);
  },
};
