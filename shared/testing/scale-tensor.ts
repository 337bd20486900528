import {assert} from '../base/assert.ts';
import {BLOCK_SIZES, type TensorDtype} from '../model/storage/block-sizes.ts';
import {decodeF16, encodeF16} from '../model/storage/format/binary16.ts';

/** Where the f16 scales of a block lie; an f16 weight is its own. */
const SCALES_AT: Partial<Record<TensorDtype, readonly number[]>> = {
  F16: [0],
  Q8_0: [0],
  Q4_1: [0, 2],
};

/** Multiplies all scales of a tensor, in its bytes. */
export function scaleTensor(bytes: Uint8Array, dtype: TensorDtype, factor: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [, blockBytes] = BLOCK_SIZES[dtype];
  const places = SCALES_AT[dtype];
  assert(dtype === 'F32' || places !== undefined, `where ${dtype} has its scales is known`);
  for (let block = 0; block < bytes.length; block += blockBytes) {
    if (dtype === 'F32') view.setFloat32(block, view.getFloat32(block, true) * factor, true);
    for (const at of places ?? []) {
      const scaled = decodeF16(view.getUint16(block + at, true)) * factor;
      view.setUint16(block + at, encodeF16(scaled), true);
    }
  }
}
