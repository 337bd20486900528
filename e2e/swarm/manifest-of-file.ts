import {createHash} from 'node:crypto';
import {openAsBlob} from 'node:fs';
import {blobByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {makeManifest} from '#shared/model/make-manifest.ts';
import type {Manifest} from '#shared/model/manifest.ts';

/**
 * Describes a GGUF file on this machine; reads it twice.
 *
 * @param cutEvery of its cut grid, in layers.
 * @throws {WeftError} as `makeManifest` does.
 */
export async function manifestOfFile(input: {
  readonly path: string;
  readonly id: string;
  readonly cutEvery: number;
}): Promise<Manifest> {
  const {path, id, cutEvery} = input;
  const blob = await openAsBlob(path);
  const source = blobByteSource(blob);
  return makeManifest({
    id,
    cutEvery,
    gguf: await parseGguf(source),
    source,
    fileSha256: await sha256OfBlob(blob),
    sha256: async (bytes) => createHash('sha256').update(bytes).digest('hex'),
  });
}

async function sha256OfBlob(blob: Blob): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of blob.stream()) hash.update(piece);
  return hash.digest('hex');
}
