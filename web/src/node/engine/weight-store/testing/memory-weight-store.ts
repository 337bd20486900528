import type {NotKept} from '../../load-progress.ts';
import {NotKeptError, type WeightStore} from '../weight-store.ts';

/** Keeps in memory what a device would keep on disk; shared by the tabs of a test. */
export class MemoryWeightStore implements WeightStore {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  /** Why nothing more can be written; `null`: it can. */
  refuses: NotKept | null = null;
  readonly #queues = new Map<string, Promise<unknown>>();

  async read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.files.get(name)?.slice() ?? null;
  }

  async write(name: string, bytes: Uint8Array<ArrayBuffer>, atByte: number): Promise<void> {
    if (this.refuses !== null) {
      this.files.delete(name);
      throw new NotKeptError({code: 'WEIGHTS_NOT_KEPT', why: this.refuses}, 'No room');
    }
    const before = this.files.get(name)?.subarray(0, atByte) ?? [];
    this.files.set(name, Uint8Array.from([...before, ...bytes]));
  }

  async delete(name: string): Promise<void> {
    this.files.delete(name);
  }

  async alone<T>(name: string, action: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const own = before.then(action, action);
    this.#queues.set(
      name,
      own.catch(() => undefined),
    );
    return await own;
  }
}
