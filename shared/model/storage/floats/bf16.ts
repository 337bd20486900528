import {u16At} from '../format/read-bytes.ts';
import type {StorageFormat} from '../format/storage-format.ts';

/** The upper half of an f32. */
export const BF16: StorageFormat = {
  kind: 'float',
  decode: (bytes, out) => {
    const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
    for (let i = 0; i < bits.length; i += 1) bits[i] = u16At(bytes, 2 * i) << 16;
  },
};
