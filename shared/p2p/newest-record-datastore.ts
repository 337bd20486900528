import {Libp2pRecord} from '@libp2p/record';
import {MemoryDatastore} from 'datastore-core';
import {WeftError} from '../errors.ts';
import {carriedUntilMs, peekRecord, RECORD_NAMESPACE, type SealedRecord} from './signed-record.ts';

/** Where kad-dht keeps its records; other keys belong to the peer store. */
const RECORD_KEYS = '/dht/record/';
const DEFAULT_MAX_RECORDS = 10_000;
const DEFAULT_MAX_RECORDS_PER_OWNER = 8;

type Key = Parameters<MemoryDatastore['get']>[0];

type Entry = {
  readonly datastoreKey: Key;
  readonly sealed: SealedRecord;
  readonly owner: string;
  readonly seq: number;
  readonly untilMs: number;
};

type Options = {
  readonly now: () => number;
  readonly maxRecords?: number;
  readonly maxRecordsPerOwner?: number;
};

class DatastoreFullError extends WeftError<{readonly code: 'RECORD_STORE_FULL'}> {
  override readonly name = 'DatastoreFullError';
}

/**
 * The datastore under kad-dht, which by itself lets an older record replace a
 * newer one (js-libp2p #3377), keeps records for 48 hours and has no limits.
 *
 * Here the highest `seq` wins, a record leaves at its own expiry, and each
 * owner has at most a few. Validity was checked by the validator before.
 */
export class NewestRecordDatastore extends MemoryDatastore {
  readonly #entries = new Map<string, Entry>();
  readonly #countByOwner = new Map<string, number>();
  readonly #listeners = new Set<(sealed: SealedRecord) => void>();
  readonly #now: () => number;
  readonly #maxRecords: number;
  readonly #maxRecordsPerOwner: number;

  constructor(options: Options) {
    super();
    this.#now = options.now;
    this.#maxRecords = options.maxRecords ?? DEFAULT_MAX_RECORDS;
    this.#maxRecordsPerOwner = options.maxRecordsPerOwner ?? DEFAULT_MAX_RECORDS_PER_OWNER;
  }

  /** @throws {DatastoreFullError} when the owner or the store has no room left. */
  override put(key: Key, value: Uint8Array): Key {
    const name = key.toString();
    if (!name.startsWith(RECORD_KEYS)) {
      void super.put(key, value);
      return key;
    }
    const entry = readEntry(key, value);
    if (entry === null || entry.untilMs <= this.#now()) return key;
    const held = this.#entries.get(name);
    if (held !== undefined && held.untilMs > this.#now() && held.seq > entry.seq) return key;
    this.#makeRoom(name, entry.owner);
    this.#drop(name);
    this.#entries.set(name, entry);
    this.#countByOwner.set(entry.owner, (this.#countByOwner.get(entry.owner) ?? 0) + 1);
    void super.put(key, value);
    if (held?.seq !== entry.seq) for (const listener of this.#listeners) listener(entry.sealed);
    return key;
  }

  override get(key: Key): Uint8Array {
    const entry = this.#entries.get(key.toString());
    if (entry !== undefined && entry.untilMs <= this.#now()) this.delete(key);
    const value = super.get(key);
    if (value instanceof Promise) throw new TypeError('MemoryDatastore.get() must be synchronous');
    return value;
  }

  override delete(key: Key): void {
    this.#drop(key.toString());
    void super.delete(key);
  }

  /** Live records and farewells whose DHT key starts with `prefix`. */
  list(prefix: string): readonly SealedRecord[] {
    this.#sweep();
    return [...this.#entries.values()]
      .map((entry) => entry.sealed)
      .filter((sealed) => sealed.key.startsWith(prefix));
  }

  /** Drops all that `owner` stored here; says which keys went. */
  forget(owner: string): readonly string[] {
    const gone = [...this.#entries].filter(([, entry]) => entry.owner === owner);
    for (const [, entry] of gone) this.delete(entry.datastoreKey);
    return gone.map(([, entry]) => entry.sealed.key);
  }

  get recordCount(): number {
    return this.#entries.size;
  }

  /** Calls `listener` for each record that is newer than what was held. */
  onStored(listener: (sealed: SealedRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #makeRoom(name: string, owner: string): void {
    if (this.#entries.has(name)) return;
    if (!this.#isFull(owner)) return;
    this.#sweep();
    if (this.#isFull(owner)) {
      throw new DatastoreFullError(
        {code: 'RECORD_STORE_FULL'},
        `Cannot store a record of "${owner}": at most ${this.#maxRecordsPerOwner} per owner and ${this.#maxRecords} in all`,
      );
    }
  }

  #isFull(owner: string): boolean {
    return (
      this.#entries.size >= this.#maxRecords ||
      (this.#countByOwner.get(owner) ?? 0) >= this.#maxRecordsPerOwner
    );
  }

  #sweep(): void {
    for (const entry of this.#entries.values()) {
      if (entry.untilMs <= this.#now()) this.delete(entry.datastoreKey);
    }
  }

  #drop(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    const left = (this.#countByOwner.get(entry.owner) ?? 1) - 1;
    if (left === 0) this.#countByOwner.delete(entry.owner);
    else this.#countByOwner.set(entry.owner, left);
  }
}

/** @returns `null` for what is no Weft record: this store carries nothing else. */
function readEntry(datastoreKey: Key, raw: Uint8Array): Entry | null {
  const record = Libp2pRecord.deserialize(raw);
  const key = new TextDecoder().decode(record.key);
  const outline = peekRecord(record.value);
  if (outline === null || !key.startsWith(`/${RECORD_NAMESPACE}/`)) return null;
  return {
    datastoreKey,
    sealed: {key, value: record.value},
    owner: key.slice(key.lastIndexOf('/') + 1),
    seq: outline.seq,
    untilMs: carriedUntilMs(outline),
  };
}
