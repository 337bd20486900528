import type {SealedRecord} from '../records/signed-record.ts';

export type StoreRefusal =
  | 'RECORD_MALFORMED'
  | 'RECORD_EXPIRED'
  | 'RECORD_OUTDATED'
  | 'RECORD_STORE_FULL';

/** Where verified records are kept. */
export interface RecordStore {
  /**
   * Keeps a record that came from `origin`, an address.
   *
   * @returns why it is not kept, or `null` when it is.
   */
  offer(sealed: SealedRecord, origin: string): StoreRefusal | null;
}

/** Records that can be listed, and watched as they change. */
export interface ListedRecords {
  /** Those whose DHT key starts with `prefix`. */
  list(prefix: string): readonly SealedRecord[];
  /** Calls `listener` for each record that is newer than what was held. */
  onStored(listener: (sealed: SealedRecord) => void): () => void;
  /** Calls `listener` with the key of each live record that leaves before its expiry. */
  onDropped(listener: (key: string) => void): () => void;
  holdsRecordOf(owner: string): boolean;
  /** The owner lost its connection, and did not come back in time. */
  forget(owner: string): void;
}
