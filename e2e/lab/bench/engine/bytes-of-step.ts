import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {
  sumByteLength,
  tensorsOfCell,
  tensorsOfLmHead,
} from '#shared/model/manifest/shard-tensors.ts';

/** What one decode step reads of the weights, which WASM keeps in f32. */
export function layerBytes(manifest: Manifest): number {
  const range = {startLayer: 0, endLayer: manifest.spec.layerCount};
  return bytesInF32(tensorsOfCell(manifest, range));
}

export function lmHeadBytes(manifest: Manifest): number {
  return bytesInF32(tensorsOfLmHead(manifest));
}

/** The same as small as in the file. */
export function fileBytes(manifest: Manifest): number {
  const range = {startLayer: 0, endLayer: manifest.spec.layerCount};
  return sumByteLength([...tensorsOfCell(manifest, range), ...tensorsOfLmHead(manifest)]);
}

function bytesInF32(tensors: Iterable<{readonly shape: readonly number[]}>): number {
  return [...tensors].reduce(
    (sum, {shape}) => sum + 4 * shape.reduce((product, size) => product * size, 1),
    0,
  );
}
