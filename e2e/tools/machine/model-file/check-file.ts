/// <reference types="node" />

import {createHash} from 'node:crypto';
import {stat} from 'node:fs/promises';
import {hashFile} from './hash-file.ts';

/** What a file must be, whoever it comes from. */
export interface ExpectedFile {
  readonly byteLength: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export type FileCheck =
  | {readonly kind: 'same'}
  | {readonly kind: 'absent'}
  | {readonly kind: 'differs'; readonly reason: string};

export interface CheckFileOptions {
  readonly path: string;
  readonly expected: ExpectedFile;
  readonly signal?: AbortSignal | undefined;
}

/** Reads the whole file, about 0.3 s for 100 MB; the length alone decides where it can. */
export async function checkFile({path, expected, signal}: CheckFileOptions): Promise<FileCheck> {
  const byteLength = await readLength(path);
  if (byteLength === null) return {kind: 'absent'};
  if (byteLength !== expected.byteLength) {
    return {kind: 'differs', reason: describeLength(expected, byteLength)};
  }
  const sha256 = await readHash({path, expected, signal});
  if (sha256 === null) return {kind: 'differs', reason: 'it cannot be read'};
  if (sha256 === expected.sha256) return {kind: 'same'};
  return {kind: 'differs', reason: describeHash(expected, sha256)};
}

async function readHash({path, signal}: CheckFileOptions): Promise<string | null> {
  try {
    const hash = await hashFile({hash: createHash('sha256'), path, signal});
    return hash.digest('hex');
  } catch {
    signal?.throwIfAborted();
    return null;
  }
}

async function readLength(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() === true ? found.size : null;
}

/** For people: which length was promised and which was found. */
export function describeLength(expected: ExpectedFile, byteLength: number): string {
  return `wrong size: expected ${expected.byteLength} bytes, got ${byteLength}`;
}

/** For people: which hash was promised and which was found. */
export function describeHash(expected: ExpectedFile, sha256: string): string {
  return `wrong SHA-256: expected ${expected.sha256}, got ${sha256}`;
}
