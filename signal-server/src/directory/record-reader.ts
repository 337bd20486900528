import type {NewestRecordDatastore} from '#shared/directory/server/newest-record-datastore.ts';
import {isFarewell, type NodeRecord} from '#shared/protocol/node-record.ts';
import {readRecord, type SealedRecord} from '#shared/directory/records/signed-record.ts';

/** Reads each record once, however often it is asked for. */
export class RecordReader {
  readonly #read = new WeakMap<SealedRecord, NodeRecord | null>();

  /** All under this prefix, without those that say goodbye or cannot be read. */
  live(datastore: Pick<NewestRecordDatastore, 'list'>, prefix: string): readonly NodeRecord[] {
    return datastore
      .list(prefix)
      .map((sealed) => this.#recordOf(sealed))
      .filter((record) => record !== null)
      .filter((record) => !isFarewell(record));
  }

  #recordOf(sealed: SealedRecord): NodeRecord | null {
    const held = this.#read.get(sealed);
    if (held !== undefined) return held;
    const record = readOrNull(sealed);
    this.#read.set(sealed, record);
    return record;
  }
}

/** What entered the store was checked; whatever cannot be read all the same counts for nobody. */
function readOrNull(sealed: SealedRecord): NodeRecord | null {
  try {
    return readRecord(sealed);
  } catch {
    return null;
  }
}
