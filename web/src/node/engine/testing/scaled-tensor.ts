import type {Manifest, TensorEntry} from '#shared/model/manifest/manifest.ts';
import {decodeF16, encodeF16} from '#shared/model/storage/format/binary16.ts';
import {assert} from '#shared/base/assert.ts';
import {BLOCK_SIZES, type TensorDtype} from '#shared/model/storage/block-sizes.ts';
import {sha256} from '#shared/testing/sha256.ts';

export type TinyFile = {readonly file: Uint8Array<ArrayBuffer>; readonly manifest: Manifest};

/** Where the f16 scales of a block lie; floats are scales themselves. */
const SCALES_AT: Partial<Record<TensorDtype, readonly number[]>> = {
  F16: [0],
  Q4_1: [0, 2],
  Q8_0: [0],
};

/** A model with all scales of a tensor multiplied, as if the file had come so: all hashes fit, and the golden vectors do not. */
export async function withScaledTensor(
  {file, manifest}: TinyFile,
  name: string,
  factor: number,
): Promise<TinyFile> {
  const changed = file.slice();
  const entry = manifest.tensors.find((tensor) => tensor.name === name);
  assert(entry !== undefined, `the model has ${name}`);
  const bytes = changed.subarray(entry.offsetBytes, entry.offsetBytes + entry.byteLength);
  scale(bytes, entry, factor);
  const altered = {...entry, sha256: await sha256(bytes)};
  const tensors = manifest.tensors.map((tensor) => (tensor === entry ? altered : tensor));
  return {file: changed, manifest: {...manifest, tensors}};
}

function scale(bytes: Uint8Array, {dtype}: TensorEntry, factor: number): void {
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
