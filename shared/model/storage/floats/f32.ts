import type {StorageFormat} from '../format/storage-format.ts';

/** IEEE 754 binary32. */
export const F32: StorageFormat = {
  kind: 'float',
  decode: (bytes, out) => {
    // By bytes, as a tensor may lie at any place of its buffer.
    new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
  },
};
