import {BLOCK_SIZES, type TensorDtype} from '../model/storage/block-sizes.ts';
import {decodeF16, encodeF16} from '../model/storage/format/binary16.ts';

/** Where the f16 scales of a block lie; an f16 weight is its own. */
const SCALES_AT: Readonly<Record<Exclude<TensorDtype, 'F32' | 'BF16'>, readonly number[]>> = {
  F16: [0],
  Q8_0: [0],
  Q4_0: [0],
  Q4_1: [0, 2],
  Q5_0: [0],
  Q5_1: [0, 2],
  Q2_K: [80, 82],
  Q3_K: [108],
  Q4_K: [0, 2],
  Q5_K: [0, 2],
  Q6_K: [208],
  IQ4_NL: [0],
  IQ4_XS: [0],
};

/** Multiplies all scales of a tensor, in its bytes. */
export function scaleTensor(bytes: Uint8Array, dtype: TensorDtype, factor: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [, blockBytes] = BLOCK_SIZES[dtype];
  for (let block = 0; block < bytes.length; block += blockBytes) {
    scaleBlock(view, {block, dtype}, factor);
  }
}

function scaleBlock(
  view: DataView,
  {block, dtype}: {readonly block: number; readonly dtype: TensorDtype},
  factor: number,
): void {
  if (dtype === 'F32') {
    view.setFloat32(block, view.getFloat32(block, true) * factor, true);
    return;
  }
  if (dtype === 'BF16') {
    view.setUint16(block, scaledBf16(view.getUint16(block, true), factor), true);
    return;
  }
  for (const at of SCALES_AT[dtype]) {
    const scaled = decodeF16(view.getUint16(block + at, true)) * factor;
    view.setUint16(block + at, encodeF16(scaled), true);
  }
}

/** To the nearest. */
function scaledBf16(bits: number, factor: number): number {
  const single = new DataView(new ArrayBuffer(4));
  single.setUint32(0, bits << 16);
  single.setFloat32(0, single.getFloat32(0) * factor);
  return (single.getUint32(0) + 0x8000) >>> 16;
}
