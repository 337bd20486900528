import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {makeManifest} from '#shared/model/manifest-of-file/make-manifest.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {sha256} from './sha256.ts';

/** The manifest of a tiny model's file. */
export async function tinyManifest(
  gguf: Uint8Array<ArrayBuffer>,
  {
    cutEvery,
    prompts = 'chat',
  }: {readonly cutEvery: number; readonly prompts?: 'chat' | 'token-ids'},
): Promise<Manifest> {
  const source = memoryByteSource(gguf);
  return await makeManifest({
    id: 'tiny',
    cutEvery,
    prompts,
    gguf: await parseGguf(source),
    source,
    fileSha256: await sha256(gguf),
    sha256,
  });
}
