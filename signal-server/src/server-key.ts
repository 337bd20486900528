import {randomBytes} from 'node:crypto';
import {existsSync} from 'node:fs';
import {chmod, mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import process from 'node:process';
import {ServerError} from './server-error.ts';

/** Below the folder in which the server runs. */
export const DEFAULT_KEY_FILE = '.weft/server-key';

export type ServerKey = {
  readonly seedHex: string;
  /** Why the next start will have another key; `null` when it will have this one. */
  readonly lostBecause: string | null;
  /** Lets another server of this machine use the file. */
  readonly release: () => Promise<void>;
};

type Options = {
  /** `null`: the operator named no file. */
  readonly keyFile: string | null;
};

/**
 * The seed of the server's key, kept in a file of 64 hex digits that only its
 * owner may read, and made when there is none. So tabs find the same server
 * after a restart, and links to it are back at once.
 *
 * One server uses a file at a time. Where the operator named none and the
 * default cannot be used, the key lasts as long as the process.
 *
 * @throws {ServerError} `KEY_FILE_INVALID`; `KEY_FILE_UNUSABLE` when it cannot
 *   be read, or a named one cannot be written or is another server's.
 */
export async function loadServerKey({keyFile}: Options): Promise<ServerKey> {
  const path = keyFile ?? DEFAULT_KEY_FILE;
  const holder = await lock(path);
  if (holder.kind === 'other') {
    const reason = `process ${holder.processId} uses it`;
    if (keyFile !== null) throw unusable(path, reason);
    return {seedHex: createSeed(), lostBecause: `"${path}": ${reason}`, release: async () => {}};
  }
  try {
    const kept = await readSeed(path);
    if (kept !== null) return {seedHex: kept, lostBecause: null, release: holder.release};
    const seedHex = createSeed();
    const fault = await writeSeed(path, seedHex);
    if (fault === null) return {seedHex, lostBecause: null, release: holder.release};
    if (keyFile !== null) throw fault;
    await holder.release();
    return {seedHex, lostBecause: fault.message, release: async () => {}};
  } catch (cause) {
    await holder.release();
    throw cause;
  }
}

const createSeed = () => randomBytes(32).toString('hex');

function unusable(path: string, reason: string, cause?: unknown): ServerError {
  return new ServerError(
    {code: 'KEY_FILE_UNUSABLE', path, reason},
    `Cannot use the server's key file "${path}": ${reason}; set SERVER_KEY_FILE to another path`,
    {cause},
  );
}

/** @returns `null` when there is no such file. */
async function readSeed(path: string): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(cause))) return null;
    throw unusable(path, `it cannot be read (${codeOf(cause)})`, cause);
  }
  const seedHex = text.trim().toLowerCase();
  if (!/^[\da-f]{64}$/u.test(seedHex)) {
    throw new ServerError(
      {code: 'KEY_FILE_INVALID', path},
      `Cannot use the server's key file "${path}": expected 64 hex digits; move it away and a new key is made, under which tabs join again`,
    );
  }
  // Copied from elsewhere it may be open to all; where it cannot be changed it is not ours to change.
  await chmod(path, 0o600).catch(() => undefined);
  return seedHex;
}

/** @returns what is wrong when it cannot be written. */
async function writeSeed(path: string, seedHex: string): Promise<ServerError | null> {
  const half = `${path}.${process.pid}`;
  try {
    await makeFolder(dirname(path));
    await writeFile(half, `${seedHex}\n`, {mode: 0o600});
    await rename(half, path);
    return null;
  } catch (cause) {
    return unusable(path, `it cannot be written (${codeOf(cause)})`, cause);
  }
}

/** And those around it. Node's own way never ends where the system refuses new folders as if their parent were missing, as in `/proc`. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, {mode: 0o700});
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || existsSync(parent)) throw error;
    await makeFolder(parent);
    await mkdir(path, {mode: 0o700});
  }
}

type Lock =
  | {readonly kind: 'other'; readonly processId: number}
  | {readonly kind: 'mine'; readonly release: () => Promise<void>};

/** By a file beside it that names the process; where none can be written nobody else can either. */
async function lock(path: string): Promise<Lock> {
  const lockPath = `${path}.lock`;
  const processId = Number(await readFile(lockPath, 'utf8').catch(() => ''));
  // In a container every server has the same process id: its own name there is a leftover.
  if (processId !== process.pid && isRunning(processId)) return {kind: 'other', processId};
  await makeFolder(dirname(path)).catch(() => undefined);
  await rm(lockPath, {force: true}).catch(() => undefined);
  await writeFile(lockPath, String(process.pid), {flag: 'wx'}).catch(() => undefined);
  const release = async () => await rm(lockPath, {force: true}).catch(() => undefined);
  return {kind: 'mine', release};
}

function isRunning(processId: number): boolean {
  if (!Number.isInteger(processId) || processId <= 0) return false;
  try {
    return process.kill(processId, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
