import {WeftError} from '#shared/base/errors.ts';
import {DownloadError} from '../download/download-error.ts';
import {downloadRange} from '../download/download-range.ts';
import type {Patience} from '../download/patience.ts';
import type {OfferedModel} from './load-manifest.ts';
import {sha256Hex} from './sha256.ts';
import {
  VOCABULARY_PARTS,
  type BuildVocabulary,
  type Vocabulary,
  type VocabularyProgress,
} from './vocabulary.ts';

type LoadOptions = {
  readonly signal: AbortSignal;
  readonly patience?: Patience;
  readonly onProgress?: (progress: VocabularyProgress) => void;
};

/** Shown in steps of this part of the whole: often enough for the eye. */
const PROGRESS_STEPS = 50;

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
  const tellParts = (done: number): void => {
    options.onProgress?.({step: 'build', done, total: VOCABULARY_PARTS});
  };
  tellParts(0);
  return build(bytes, tellParts);
}

async function readHeader(
  url: string,
  byteLength: number,
  {onProgress, ...options}: LoadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  let done = 0;
  let shownBytes = 0;
  const onBytes = (byteCount: number): void => {
    done += byteCount;
    if (done - shownBytes < byteLength / PROGRESS_STEPS) return;
    shownBytes = done;
    onProgress?.({step: 'download', done, total: byteLength});
  };
  try {
    return await downloadRange({url, startByte: 0, endByte: byteLength, onBytes, ...options});
  } catch (cause) {
    if (!(cause instanceof DownloadError)) throw cause;
    throw new WeftError({...cause.detail, code: 'WEIGHTS_UNREACHABLE'}, cause.message, {cause});
  }
}
