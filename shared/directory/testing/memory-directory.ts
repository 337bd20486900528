import {Listeners} from '../../base/listeners.ts';
import {RecordTable, type RecordSource} from '../records/record-table.ts';
import {DirectoryError, type Directory} from '../directory.ts';
import {openRecord, peekRecord, type SealedRecord} from '../records/signed-record.ts';

const MEMORY: RecordSource = {name: 'memory', kind: 'named'};

/** A server that all directories made from it share: publishing reaches them in the same task. */
export class MemoryDirectoryServer {
  readonly #readers = new Set<(sealed: SealedRecord) => Promise<void>>();
  readonly #stored = new Map<string, SealedRecord>();
  readonly #now: () => number;
  #isReachable = true;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A server that is down keeps what it stored. */
  setReachable(isReachable: boolean): void {
    this.#isReachable = isReachable;
  }

  async open(prefix: string): Promise<Directory> {
    const table = new RecordTable();
    const listeners = new Listeners();
    const read = async (sealed: SealedRecord) => {
      if (!sealed.key.startsWith(prefix)) return;
      const record = await openRecord(sealed, this.#now());
      if (table.add(record, MEMORY)) listeners.call();
    };
    for (const sealed of this.#stored.values()) await read(sealed).catch(() => undefined);
    this.#readers.add(read);
    return {
      publish: (sealed) => this.#publish(sealed),
      list: () => ({
        records: table.live(this.#now()),
        state: this.#isReachable ? 'reachable' : 'unreachable',
      }),
      subscribe: (listener) => {
        return listeners.add(listener);
      },
      close: async () => {
        this.#readers.delete(read);
      },
    };
  }

  async #publish(sealed: SealedRecord): Promise<void> {
    const record = await openRecord(sealed, this.#now());
    if (!this.#isReachable) {
      throw new DirectoryError(
        {code: 'DIRECTORY_UNREACHABLE', key: sealed.key},
        `Cannot publish "${sealed.key}": the directory server is down`,
      );
    }
    const held = this.#stored.get(sealed.key);
    const heldSeq = held === undefined ? -1 : (peekRecord(held.value)?.seq ?? -1);
    if (heldSeq > record.seq) {
      throw new DirectoryError(
        {code: 'RECORD_OUTDATED', key: sealed.key},
        `Cannot publish "${sealed.key}": the directory server holds a newer record`,
      );
    }
    this.#stored.set(sealed.key, sealed);
    await Promise.all([...this.#readers].map((read) => read(sealed)));
  }
}
