import {WeftError} from '#shared/base/errors.ts';
import {DownloadError} from '../download/download-error.ts';
import {downloadRange} from '../download/download-range.ts';
import type {Patience} from '../download/patience.ts';
import type {OfferedModel} from './load-manifest.ts';
import {sha256Hex} from './sha256.ts';
import type {BuildVocabulary, Vocabulary} from './vocabulary.ts';

type LoadOptions = {readonly signal: AbortSignal; readonly patience?: Patience};

/**
 * Reads the header of the model file, and no weights; checked against the manifest.
 *
 * @param options.build on which thread.
 * @throws {WeftError} `HEADER_ALTERED` or `WEIGHTS_UNREACHABLE`; as `buildVocabulary` does.
 */
export async function loadVocabulary(
  {manifest, weightsUrl}: OfferedModel,
  {build, ...options}: LoadOptions & {readonly build: BuildVocabulary},
): Promise<Vocabulary> {
  const {byteLength, sha256: expected} = manifest.header;
  const bytes = await readHeader(weightsUrl, byteLength, options);
  const got = await sha256Hex(bytes);
  if (got !== expected) {
    throw new WeftError(
      {code: 'HEADER_ALTERED', expected, got},
      `The header of "${manifest.id}" was altered on its way: SHA-256 ${got.slice(0, 8)}… instead of ${expected.slice(0, 8)}…; reload the page, and tell whoever runs this site if that does not help`,
    );
  }
  return build(bytes);
}

async function readHeader(
  url: string,
  byteLength: number,
  options: LoadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const whole = {url, startByte: 0, endByte: byteLength, onBytes: () => undefined};
    return await downloadRange({...whole, ...options});
  } catch (cause) {
    if (!(cause instanceof DownloadError)) throw cause;
    throw new WeftError({...cause.detail, code: 'WEIGHTS_UNREACHABLE'}, cause.message, {cause});
  }
}
