import {createHash} from 'node:crypto';
import {openAsBlob} from 'node:fs';
import {access, constants, stat} from 'node:fs/promises';
import {WeftError} from '#shared/base/errors.ts';
import {blobByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {readModelSpec} from '#shared/model/manifest-of-file/read-model-spec.ts';
import {makeManifest} from '#shared/model/manifest-of-file/make-manifest.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {oneSentence} from '#shared/model/one-sentence.ts';
import {ModelUnreadableError} from '#shared/model/model-unreadable-error.ts';
import {whyUnreadable} from '../tools/command-line/files/why-unreadable.ts';

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
    throw unreadable({path, ...error.detail}, error);
  }
}

async function openModel(path: string): Promise<Blob> {
  const stats = await stat(path).catch((error: unknown) => {
    throw unreadable({path, reason: whyUnreadable(error)}, error);
  });
  if (stats.isDirectory()) throw unreadable({path, reason: 'it is a folder, not a file'}, null);
  if (!stats.isFile()) throw unreadable({path, reason: 'it is a device, not a file'}, null);
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw unreadable({path, reason: whyUnreadable(error)}, error);
  });
  return openAsBlob(path);
}

type Unreadable = {readonly path: string; readonly reason: string; readonly instead?: string};

function unreadable(
  {path, reason, instead = 'give the path of a whole GGUF file'}: Unreadable,
  cause: unknown,
): WeftError {
  return new WeftError(
    {code: 'MODEL_UNREADABLE', reason} as const,
    `Cannot read the model file "${path}": ${oneSentence(reason)}; ${instead}`,
    {cause},
  );
}

async function sha256OfBlob(blob: Blob): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of blob.stream()) hash.update(piece);
  return hash.digest('hex');
}
