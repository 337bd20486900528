import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {assert} from '#shared/base/assert.ts';
import {scaleTensor} from '#shared/testing/scale-tensor.ts';
import {sha256} from '#shared/testing/sha256.ts';

export type TinyFile = {readonly file: Uint8Array<ArrayBuffer>; readonly manifest: Manifest};

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
  scaleTensor(bytes, entry.dtype, factor);
  const altered = {...entry, sha256: await sha256(bytes)};
  const tensors = manifest.tensors.map((tensor) => (tensor === entry ? altered : tensor));
  return {file: changed, manifest: {...manifest, tensors}};
}
