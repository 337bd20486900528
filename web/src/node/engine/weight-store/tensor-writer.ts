import type {TensorEntry} from '#shared/model/manifest/manifest.ts';
import type {KeepNews} from '../load-progress.ts';
import {NotKeptError, type WeightStore} from './weight-store.ts';

type Options = {
  readonly store: WeightStore;
  /** Of the file. */
  readonly name: string;
  /** What is still to be written, in the order in which it lies in the file. */
  readonly entries: readonly TensorEntry[];
  /** Where the first of them begins in the file. */
  readonly startByte: number;
  readonly onNews: (news: KeepNews) => void;
};

/**
 * Writes tensors one behind the other, in whatever order they come: what is in the
 * file when a tab ends need not be fetched again.
 */
export class TensorWriter {
  readonly #options: Options;
  readonly #waiting = new Map<TensorEntry, Uint8Array<ArrayBuffer>>();
  #nextAt = 0;
  #nextByte: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
    this.#nextByte = options.startByte;
  }

  /** Resolves when all that can be written is. */
  async add(entry: TensorEntry, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#waiting.set(entry, bytes);
    this.#writing = this.#writing.then(() => this.#writeNext());
    await this.#writing;
  }

  async #writeNext(): Promise<void> {
    const {store, name, entries, onNews} = this.#options;
    for (let next = this.#next(); next !== null; next = this.#next()) {
      try {
        await store.write(name, next.bytes, this.#nextByte);
      } catch (error) {
        if (!(error instanceof NotKeptError)) throw error;
        onNews({kind: 'not-kept', why: error.detail.why});
        this.#nextAt = entries.length; // Without this one, those behind it are of no use.
        return;
      }
      this.#waiting.delete(next.entry);
      this.#nextAt += 1;
      this.#nextByte += next.bytes.byteLength;
    }
  }

  #next(): {readonly entry: TensorEntry; readonly bytes: Uint8Array<ArrayBuffer>} | null {
    const entry = this.#options.entries[this.#nextAt];
    if (entry === undefined) return null;
    const bytes = this.#waiting.get(entry);
    return bytes === undefined ? null : {entry, bytes};
  }
}
