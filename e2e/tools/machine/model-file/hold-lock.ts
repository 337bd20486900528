/// <reference types="node" />

import {randomUUID} from 'node:crypto';
import {readFile, rename, rm, stat, utimes, writeFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {setTimeout as wait} from 'node:timers/promises';

export interface HoldLockOptions {
  /** A file beside what is protected; its folder exists. */
  readonly path: string;
  /** Called once when somebody else holds it. */
  readonly onWait?: () => void;
  readonly signal?: AbortSignal | undefined;
  readonly pollMs?: number;
}

const REFRESH_MS = 2000;
const STALE_AFTER_MS = 10 * REFRESH_MS;

/**
 * Runs `work` while no other process on this folder does; a lock whose process
 * is gone (same machine), or that nobody has refreshed for 20 s, is taken over.
 *
 * @throws what `work`, the file system or `signal` throws.
 */
export async function holdLock<T>(options: HoldLockOptions, work: () => Promise<T>): Promise<T> {
  const {path} = options;
  const owner = `${hostname()} ${process.pid} ${randomUUID()}`;
  await acquire({...options, owner});
  const refresh = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, REFRESH_MS);
  refresh.unref();
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    if ((await readOwner(path)) === owner) await rm(path, {force: true});
  }
}

async function acquire(options: HoldLockOptions & {readonly owner: string}): Promise<void> {
  const {path, owner, onWait, signal, pollMs = 200} = options;
  let isAnnounced = false;
  while (!(await create(path, owner))) {
    const other = await readOwner(path);
    if (other !== null && (await isStale(path, other))) {
      await takeAway(path, other);
      continue;
    }
    if (!isAnnounced) onWait?.();
    isAnnounced = true;
    await wait(pollMs, undefined, {signal});
  }
}

async function create(path: string, owner: string): Promise<boolean> {
  try {
    await writeFile(path, owner, {flag: 'wx'});
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function readOwner(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

async function isStale(path: string, owner: string): Promise<boolean> {
  const [host, processId] = owner.split(' ');
  if (host === hostname() && !isRunning(Number(processId))) return true;
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > STALE_AFTER_MS;
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch (error) {
    // EPERM: it runs, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Two that see the same stale lock must not remove each other's fresh one. */
async function takeAway(path: string, staleOwner: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readOwner(aside)) === staleOwner) await rm(aside, {force: true});
  else await rename(aside, path);
}
