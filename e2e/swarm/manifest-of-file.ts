import {createHash} from 'node:crypto';
import {blobByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {readModelSpec} from '#shared/model/manifest-of-file/read-model-spec.ts';
import {makeManifest} from '#shared/model/manifest-of-file/make-manifest.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {ModelUnreadableError} from '#shared/model/model-unreadable-error.ts';
import {modelUnreadable, openModel} from '../tools/command-line/files/open-model.ts';

/**
 * Describes a GGUF file on this machine; reads it twice.
 *
 * @param input.cutEvery of its cut grid, in layers; may depend on how many the model has.
 * @throws {WeftError} `MODEL_UNREADABLE`, with the path; or as `makeManifest` does.
 */
export async function manifestOfFile(input: {
  readonly path: string;
  readonly id: string;
  readonly cutEvery: number | ((layerCount: number) => number);
  /** What may be asked of the model. */
  readonly prompts: 'chat' | 'token-ids';
}): Promise<Manifest> {
  const {path, id, cutEvery, prompts} = input;
  const blob = await openModel(path);
  const source = blobByteSource(blob);
  try {
    const gguf = await parseGguf(source);
    return await makeManifest({
      id,
      cutEvery: typeof cutEvery === 'number' ? cutEvery : cutEvery(readModelSpec(gguf).layerCount),
      prompts,
      gguf,
      source,
      fileSha256: await sha256OfBlob(blob),
      sha256: async (bytes) => createHash('sha256').update(bytes).digest('hex'),
    });
  } catch (error) {
    if (!(error instanceof ModelUnreadableError)) throw error;
    throw modelUnreadable({path, ...error.detail}, error);
  }
}

async function sha256OfBlob(blob: Blob): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of blob.stream()) hash.update(piece);
  return hash.digest('hex');
}
