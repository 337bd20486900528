import {Listeners} from '../../base/listeners.ts';
import {Libp2pRecord} from '@libp2p/record';
import {MemoryDatastore} from 'datastore-core';

import {WeftError} from '../../base/errors.ts';
import {isFarewell} from '../../protocol/node-record.ts';
import {toBase32} from './base32.ts';
import {OriginCounts} from './origin-counts.ts';
import type {ListedRecords, RecordStore, StoreRefusal} from './record-store.ts';
import {Tombstones} from './tombstones.ts';
import {
  keptUntilMs,
  ownerOfKey,
  peekRecord,
  RECORD_NAMESPACE,
  type SealedRecord,
} from '../records/signed-record.ts';

/** Where kad-dht keeps its records; other keys belong to the peer store. */
const RECORD_KEYS = '/dht/record/';
const DEFAULT_MAX_RECORDS = 10_000;
const DEFAULT_MAX_RECORDS_PER_OWNER = 8;
/** About 100 bytes each; the oldest are forgotten first. */
const MAX_TOMBSTONES = 20_000;

type Key = Parameters<MemoryDatastore['get']>[0];

type Entry = {
  readonly sealed: SealedRecord;
  readonly owner: string;
  readonly origin: string;
  readonly seq: number;
  readonly isFarewell: boolean;
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

const encoder = new TextEncoder();

/**
 * The datastore under kad-dht, which by itself lets an older record replace a
 * newer one (js-libp2p #3377), keeps records for 48 hours and has no limits.
 *
 * Here the highest `seq` wins, also over a record that is gone, as long as an
 * older one could still be valid. A record leaves at its own expiry, each owner
 * has at most a few, and when all are too many, whoever came from the origin
 * (an address) with the most makes room. Validity was checked before.
 */
export class NewestRecordDatastore extends MemoryDatastore implements RecordStore, ListedRecords {
  readonly #entries = new Map<string, Entry>();
  readonly #byOwner = new OriginCounts();
  readonly #byOrigin = new OriginCounts();
  readonly #tombstones = new Tombstones(MAX_TOMBSTONES);
  readonly #onStored = new Listeners<[sealed: SealedRecord]>();
  readonly #onDropped = new Listeners<[key: string]>();
  readonly #now: () => number;
  readonly #maxRecords: number;
  readonly #maxRecordsPerOwner: number;

  constructor(options: Options) {
    super();
    this.#now = options.now;
    this.#maxRecords = options.maxRecords ?? DEFAULT_MAX_RECORDS;
    this.#maxRecordsPerOwner = options.maxRecordsPerOwner ?? DEFAULT_MAX_RECORDS_PER_OWNER;
  }

  /**
   * Keeps a record that came from `origin`, where kad-dht finds it.
   *
   * @returns why it is not kept, or `null` when it is.
   */
  offer(sealed: SealedRecord, origin: string): StoreRefusal | null {
    return this.#keep(RECORD_KEYS + toBase32(encoder.encode(sealed.key)), sealed, origin);
  }

  /** @throws {DatastoreFullError} when the owner or the store has no room left. */
  override put(key: Key, value: Uint8Array): Key {
    const name = key.toString();
    if (!name.startsWith(RECORD_KEYS)) {
      void super.put(key, value);
      return key;
    }
    const record = Libp2pRecord.deserialize(value);
    const sealed = {key: new TextDecoder().decode(record.key), value: record.value};
    if (this.#keep(name, sealed, ownerOfKey(sealed.key)) === 'RECORD_STORE_FULL') {
      throw new DatastoreFullError(
        {code: 'RECORD_STORE_FULL'},
        `Cannot store "${sealed.key}": at most ${this.#maxRecordsPerOwner} records per owner and ${this.#maxRecords} in all`,
      );
    }
    return key;
  }

  override get(key: Key): Uint8Array {
    const name = key.toString();
    this.#dropExpired(name);
    const entry = this.#entries.get(name);
    if (entry !== undefined) {
      const {sealed} = entry;
      return new Libp2pRecord(encoder.encode(sealed.key), sealed.value, new Date()).serialize();
    }
    const value = super.get(key);
    if (value instanceof Promise) throw new TypeError('MemoryDatastore.get() must be synchronous');
    return value;
  }

  override delete(key: Key): void {
    this.#drop(key.toString());
    void super.delete(key);
  }

  /** Live records, and farewells of owners that are still here, whose DHT key starts with `prefix`. */
  list(prefix: string): readonly SealedRecord[] {
    this.#sweep();
    return [...this.#entries.values()]
      .map((entry) => entry.sealed)
      .filter((sealed) => sealed.key.startsWith(prefix));
  }

  /** Drops all that `owner` stored here; its last `seq` stays known. */
  forget(owner: string): void {
    for (const name of this.#byOwner.of(owner)) this.#drop(name, {isAnnounced: true});
  }

  holdsRecordOf(owner: string): boolean {
    return this.#byOwner.countOf(owner) > 0;
  }

  get recordCount(): number {
    return this.#entries.size;
  }

  /** Calls `listener` for each record that is newer than what was held. */
  onStored(listener: (sealed: SealedRecord) => void): () => void {
    return this.#onStored.add(listener);
  }

  /** Calls `listener` with the key of each live record that leaves before its expiry. */
  onDropped(listener: (key: string) => void): () => void {
    return this.#onDropped.add(listener);
  }

  #keep(name: string, sealed: SealedRecord, origin: string): StoreRefusal | null {
    const entry = readEntry(sealed, origin);
    if (entry === null) return 'RECORD_MALFORMED';
    if (entry.untilMs <= this.#now()) return 'RECORD_EXPIRED';
    this.#dropExpired(name);
    const held = this.#entries.get(name);
    if (held !== undefined ? outranks(held, entry) : this.#tombstones.outranks(name, entry)) {
      return 'RECORD_OUTDATED';
    }
    if (held === undefined && !this.#makeRoom(entry)) return 'RECORD_STORE_FULL';
    this.#entries.set(name, entry);
    this.#byOwner.add(entry.owner, name);
    if (held !== undefined && held.origin !== origin) this.#byOrigin.remove(held.origin, name);
    this.#byOrigin.add(origin, name);
    this.#tombstones.delete(name);
    if (held?.seq !== entry.seq) this.#onStored.call(sealed);
    return null;
  }

  #makeRoom({owner, origin}: Entry): boolean {
    const hasRoom = () =>
      this.#entries.size < this.#maxRecords &&
      this.#byOwner.countOf(owner) < this.#maxRecordsPerOwner;
    if (hasRoom()) return true;
    this.#sweep();
    if (this.#entries.size >= this.#maxRecords) this.#dropNewestOfFullest(origin);
    return hasRoom();
  }

  /** A newcomer gets its place from whoever has clearly more, never from an equal. */
  #dropNewestOfFullest(newcomer: string): void {
    const fullest = this.#byOrigin.fullest();
    if (fullest === null || fullest.count < this.#byOrigin.countOf(newcomer) + 2) return;
    this.#drop(fullest.newest, {isAnnounced: true});
  }

  #sweep(): void {
    for (const name of this.#entries.keys()) this.#dropExpired(name);
  }

  #dropExpired(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined && entry.untilMs <= this.#now()) this.#drop(name);
  }

  #drop(name: string, {isAnnounced = false} = {}): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#byOwner.remove(entry.owner, name);
    this.#byOrigin.remove(entry.origin, name);
    this.#tombstones.add(name, entry, this.#now());
    if (!isAnnounced || entry.isFarewell) return;
    this.#onDropped.call(entry.sealed.key);
  }
}

/** Whether `held` is the later word of its owner; nothing follows a farewell with the same `seq`. */
function outranks(held: Entry, offered: Entry): boolean {
  if (held.seq === offered.seq) return held.isFarewell && !offered.isFarewell;
  return held.seq > offered.seq;
}

/** @returns `null` for anything but a Weft record: this store keeps nothing else. */
function readEntry(sealed: SealedRecord, origin: string): Entry | null {
  const outline = peekRecord(sealed.value);
  if (outline === null || !sealed.key.startsWith(`/${RECORD_NAMESPACE}/`)) return null;
  return {
    sealed,
    owner: ownerOfKey(sealed.key),
    origin,
    seq: outline.seq,
    isFarewell: isFarewell(outline),
    untilMs: keptUntilMs(outline),
  };
}
