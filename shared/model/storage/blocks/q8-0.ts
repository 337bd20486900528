import {f16At, signedByteAt} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';

/** Scale, 32 signed bytes: scale · q. */
export const Q8_0: StorageFormat = {
  kind: 'blocks',
  groupWeights: 32,
  bits: 8,
  centre: 0,
  hasOffsets: false,
  read: ({bytes, at}, {integers, scales}) => {
    scales[0] = f16At(bytes, at);
    for (let i = 0; i < 32; i += 1) integers[i] = signedByteAt(bytes, at + 2 + i);
  },
};
