/// <reference types="node" />

import {createHash, type Hash} from 'node:crypto';
import {open, readFile, rm, stat, writeFile, type FileHandle} from 'node:fs/promises';
import {describeHash, type ExpectedFile} from './check-file.ts';
import {hashFile} from './hash-file.ts';
import {
  describeNetworkError,
  requestRest,
  type BodyAnswer,
  type Part,
  type RefusalAnswer,
} from './request-rest.ts';

export interface DownloadOptions {
  readonly url: string;
  /** Grows while the file comes; a later download goes on from what is in there. */
  readonly partPath: string;
  readonly expected: ExpectedFile;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((receivedBytes: number) => void) | undefined;
  /** Until the headers of the answer, redirects included. */
  readonly answerTimeoutMs?: number;
  /** Longest silence in the middle of a file. */
  readonly silenceTimeoutMs?: number;
}

export type DownloadOutcome =
  /** `partPath` is the whole file, and its hash is right. */
  {readonly kind: 'stored'} | {readonly kind: 'failed'; readonly reason: string};

type Attempt = DownloadOutcome | {readonly kind: 'again'; readonly reason: string};

// Each one goes on where the one before was cut, so a bad line gets far with few.
const MAX_ATTEMPTS = 10;

/**
 * Downloads a file of known length and hash; resumes what was cut, in this run
 * or in an earlier one, and starts over where the server cannot resume.
 *
 * @throws what the file system throws (disk full, no permission), and the
 *   reason of `signal`. The part stays for the next run in both cases.
 */
export async function downloadFile(options: DownloadOptions): Promise<DownloadOutcome> {
  let reason = '';
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const outcome = await downloadOnce(options);
    if (outcome.kind !== 'again') return outcome;
    reason = outcome.reason;
  }
  return {kind: 'failed', reason: `${reason}, ${MAX_ATTEMPTS} times`};
}

async function downloadOnce(options: DownloadOptions): Promise<Attempt> {
  const {partPath, expected, signal} = options;
  const part = await readPart(options);
  const hash = createHash('sha256');
  if (part.byteLength === expected.byteLength) {
    return finish({options, hash: await hashFile({hash, path: partPath, signal}), isResumed: true});
  }
  const request = requestRest({...options, part});
  try {
    const answer = await request.answer;
    if (answer.kind !== 'body') return await resolveRefusal(answer, partPath);
    if (answer.isResumed) await hashFile({hash, path: partPath, signal});
    const received = await storeBody({options, answer, hash, keepAlive: request.keepAlive});
    return received.kind === 'complete'
      ? await finish({options, hash, isResumed: answer.isResumed})
      : received;
  } finally {
    request.close();
    signal?.throwIfAborted();
  }
}

const etagPath = (partPath: string): string => `${partPath}.etag`;

async function readPart({partPath, expected}: DownloadOptions): Promise<Part> {
  const byteLength = (await stat(partPath).catch(() => null))?.size ?? 0;
  if (byteLength > expected.byteLength) {
    await removePart(partPath);
    return {byteLength: 0, etag: null};
  }
  const etag = await readFile(etagPath(partPath), 'utf8').catch(() => '');
  return {byteLength, etag: etag === '' ? null : etag};
}

/** Removes what an unfinished download left. */
export async function removePart(partPath: string): Promise<void> {
  await rm(partPath, {force: true});
  await rm(etagPath(partPath), {force: true});
}

interface Finish {
  readonly options: DownloadOptions;
  readonly hash: Hash;
  readonly isResumed: boolean;
}

async function finish({options, hash, isResumed}: Finish): Promise<Attempt> {
  const sha256 = hash.digest('hex');
  if (sha256 === options.expected.sha256) {
    await rm(etagPath(options.partPath), {force: true});
    return {kind: 'stored'};
  }
  await removePart(options.partPath);
  const reason = describeHash(options.expected, sha256);
  // Two halves of different files are nobody's fault: a whole one decides.
  return isResumed ? {kind: 'again', reason} : {kind: 'failed', reason};
}

async function resolveRefusal(answer: RefusalAnswer, partPath: string): Promise<Attempt> {
  if (answer.kind === 'failed') return answer;
  await removePart(partPath);
  return {kind: 'again', reason: answer.reason};
}

interface StoreInput {
  readonly options: DownloadOptions;
  readonly answer: BodyAnswer;
  readonly hash: Hash;
  readonly keepAlive: () => void;
}

async function storeBody(input: StoreInput): Promise<Attempt | {readonly kind: 'complete'}> {
  const {options, answer} = input;
  const handle = await open(options.partPath, answer.isResumed ? 'r+' : 'w');
  try {
    if (!answer.isResumed) await writeFile(etagPath(options.partPath), answer.etag ?? '');
    return await copyBody({...input, handle});
  } finally {
    await handle.close();
  }
}

async function copyBody(
  input: StoreInput & {readonly handle: FileHandle},
): Promise<Attempt | {readonly kind: 'complete'}> {
  const {options, answer, hash, keepAlive, handle} = input;
  const {expected, onProgress} = options;
  const reader = answer.body.getReader();
  let position = answer.offsetBytes;
  for (;;) {
    const next = await reader
      .read()
      .catch((error: unknown) => ({failure: describeNetworkError(error)}));
    if ('failure' in next) return describeCut({reason: next.failure, position, answer});
    if (next.done) break;
    keepAlive();
    if (position + next.value.byteLength > expected.byteLength) {
      await removePart(options.partPath);
      return {
        kind: 'failed',
        reason: `wrong size: expected ${expected.byteLength} bytes, got more`,
      };
    }
    await handle.write(next.value, 0, next.value.byteLength, position);
    hash.update(next.value);
    position += next.value.byteLength;
    onProgress?.(position);
  }
  if (position === expected.byteLength) return {kind: 'complete'};
  return describeCut({reason: 'the connection ended', position, answer});
}

interface Cut {
  readonly reason: string;
  readonly position: number;
  readonly answer: BodyAnswer;
}

/** A cut is worth another try only when this one brought something. */
function describeCut({reason, position, answer}: Cut): Attempt {
  const kind = position > answer.offsetBytes ? 'again' : 'failed';
  return {kind, reason: `cut after ${position} bytes (${reason})`};
}
