import {NotKeptError, type WeightStore} from './weight-store.ts';

/** The folder of all weights in the site's private file system; below it one folder per model file. */
export const WEIGHTS_FOLDER = 'weights';
/** A tab that was stopped in the middle of a download keeps its lock: after this, others go on without it. */
const LOCK_PATIENCE_MS = 120_000;

/**
 * In the site's private file system (OPFS), for workers: pages have no way to add to a file.
 *
 * @param fileSha256 of the model file: what is kept does not depend on who offers it.
 * @throws {NotKeptError} where the browser gives this page no storage, as in some private windows.
 */
export async function openOpfsWeightStore(fileSha256: string): Promise<WeightStore> {
  try {
    const root = await navigator.storage.getDirectory();
    const all = await root.getDirectoryHandle(WEIGHTS_FOLDER, {create: true});
    const folder = await all.getDirectoryHandle(fileSha256, {create: true});
    return new OpfsWeightStore(folder, fileSha256);
  } catch (cause) {
    throw notKept(cause);
  }
}

class OpfsWeightStore implements WeightStore {
  readonly #folder: FileSystemDirectoryHandle;
  readonly #fileSha256: string;

  constructor(folder: FileSystemDirectoryHandle, fileSha256: string) {
    this.#folder = folder;
    this.#fileSha256 = fileSha256;
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const handle = await this.#folder.getFileHandle(name);
      return new Uint8Array(await (await handle.getFile()).arrayBuffer());
    } catch {
      return null; // Not there, taken away, or being written: it is fetched as if it had never been.
    }
  }

  async write(name: string, bytes: Uint8Array<ArrayBuffer>, atByte: number): Promise<void> {
    try {
      const handle = await this.#folder.getFileHandle(name, {create: true});
      const file = await handle.createSyncAccessHandle();
      try {
        file.truncate(atByte);
        file.write(bytes, {at: atByte});
        file.flush();
      } finally {
        file.close();
      }
    } catch (cause) {
      await this.delete(name); // An empty file would be listed.
      throw notKept(cause);
    }
  }

  async delete(name: string): Promise<void> {
    await this.#folder.removeEntry(name).catch(() => undefined);
  }

  async alone<T>(name: string, action: () => Promise<T>): Promise<T> {
    const patience = AbortSignal.timeout(LOCK_PATIENCE_MS);
    const lockName = `weft-weights/${this.#fileSha256}/${name}`;
    let hasBegun = false;
    try {
      return await navigator.locks.request(lockName, {signal: patience}, async () => {
        hasBegun = true;
        return await action();
      });
    } catch (error) {
      if (hasBegun) throw error;
      return await action();
    }
  }
}

function notKept(cause: unknown): NotKeptError {
  const isFull = cause instanceof DOMException && cause.name === 'QuotaExceededError';
  return new NotKeptError(
    {code: 'WEIGHTS_NOT_KEPT', why: isFull ? 'full' : 'blocked'},
    isFull ? 'The storage of this site is full' : 'The browser lets this page store nothing',
    {cause},
  );
}
