import {Listeners} from '../../base/listeners.ts';
import {asPeerId, type PeerId} from '../../base/ids.ts';
import {fromBase64, toBase64} from '../records/base64.ts';
import type {RecordTable} from '../records/record-table.ts';
import {ownerOfKey, readRecord, type SealedRecord} from '../records/signed-record.ts';
import type {ListedRecords, RecordStore, StoreRefusal} from '../server/record-store.ts';

/** The first pages of a list have so many records at most; what is new later is passed on to every reader. */
const MAX_LISTED = 64;

type Options = {
  readonly table: RecordTable;
  /** One model in one swarm: nothing else is kept. */
  readonly prefix: string;
  /** What a contact put here is news for this node too. */
  readonly onNews: () => void;
};

/**
 * The records that a tab knows, as a list that its contacts read and a store
 * that they put their own record into: what a server does, for as long as there
 * is none. What it holds of others is what its table has a place for.
 */
export class KeptRecords implements ListedRecords, RecordStore {
  readonly #options: Options;
  readonly #onStored = new Listeners<[sealed: SealedRecord]>();
  readonly #stopListening: () => void;

  constructor(options: Options) {
    this.#options = options;
    this.#stopListening = options.table.onNews((owner, text) => {
      this.#onStored.call(this.#seal(owner, text));
    });
  }

  offer(sealed: SealedRecord): StoreRefusal | null {
    const {table, prefix, onNews} = this.#options;
    if (!sealed.key.startsWith(prefix)) return 'RECORD_STORE_FULL';
    const owner = asPeerId(ownerOfKey(sealed.key));
    const source = {name: owner, kind: 'hint'} as const;
    const text = toBase64(sealed.value);
    if (table.isHeld(owner, text, source)) return null;
    if (!table.hasPlaceFor(owner, source)) return 'RECORD_STORE_FULL';
    const record = readRecord(sealed);
    if (!table.isNews(owner, record.seq)) return 'RECORD_OUTDATED';
    if (table.add(record, source, text)) onNews();
    return null;
  }

  list(prefix: string): readonly SealedRecord[] {
    if (prefix !== this.#options.prefix) return [];
    return this.#options.table.texts(MAX_LISTED).map(({owner, text}) => this.#seal(owner, text));
  }

  onStored(listener: (sealed: SealedRecord) => void): () => void {
    return this.#onStored.add(listener);
  }

  /** Never calls it: what one tab lost sight of may be in sight of another. */
  onDropped(): () => void {
    return () => undefined;
  }

  holdsRecordOf(owner: string): boolean {
    return this.#options.table.newestSeq(asPeerId(owner)) >= 0;
  }

  /** A contact that has left, and that nobody can dial again: its record goes, unless it writes another. */
  forget(owner: string): void {
    if (this.#options.table.lost(asPeerId(owner))) this.#options.onNews();
  }

  close(): void {
    this.#stopListening();
    this.#onStored.clear();
  }

  #seal(owner: PeerId, text: string): SealedRecord {
    return {key: this.#options.prefix + owner, value: fromBase64(text)};
  }
}
