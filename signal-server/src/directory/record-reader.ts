import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {readRecord, type SealedRecord} from '#shared/directory/records/signed-record.ts';

/** Reads each record once, however often it is asked for; `null` for what cannot be read. */
export class RecordReader {
  readonly #read = new WeakMap<SealedRecord, NodeRecord | null>();

  read(sealed: SealedRecord): NodeRecord | null {
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
