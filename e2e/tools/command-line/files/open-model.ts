import {openAsBlob} from 'node:fs';
import {access, constants, stat} from 'node:fs/promises';
import {WeftError} from '#shared/base/errors.ts';
import {oneSentence} from '#shared/model/one-sentence.ts';
import {whyUnreadable} from './why-unreadable.ts';

/**
 * A model file on this machine, read by range.
 *
 * @throws {WeftError} `MODEL_UNREADABLE`, with the path.
 */
export async function openModel(path: string): Promise<Blob> {
  const stats = await stat(path).catch((error: unknown) => {
    throw modelUnreadable({path, reason: whyUnreadable(error)}, error);
  });
  if (stats.isDirectory())
    throw modelUnreadable({path, reason: 'it is a folder, not a file'}, null);
  if (!stats.isFile()) throw modelUnreadable({path, reason: 'it is a device, not a file'}, null);
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw modelUnreadable({path, reason: whyUnreadable(error)}, error);
  });
  return openAsBlob(path);
}

type Unreadable = {readonly path: string; readonly reason: string; readonly instead?: string};

export function modelUnreadable(
  {path, reason, instead = 'give the path of a whole GGUF file'}: Unreadable,
  cause: unknown,
): WeftError {
  return new WeftError(
    {code: 'MODEL_UNREADABLE', reason} as const,
    `Cannot read the model file "${path}": ${oneSentence(reason)}; ${instead}`,
    {cause},
  );
}
