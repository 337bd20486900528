import {f16At} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';

/** IEEE 754 binary16. */
export const F16: StorageFormat = {
  kind: 'float',
  decode: (bytes, out) => {
    for (let i = 0; i < out.length; i += 1) out[i] = f16At(bytes, 2 * i);
  },
};
