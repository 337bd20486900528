import type {NodeRecord} from '#shared/protocol/node-record.ts';
import type {SwarmSummary} from '#shared/protocol/swarm-summary.ts';
import {isFarewell} from '#shared/protocol/node-record.ts';
import {
  readRecord,
  RECORD_NAMESPACE,
  type SealedRecord,
} from '#shared/directory/records/signed-record.ts';
import type {NewestRecordDatastore} from '#shared/directory/server/newest-record-datastore.ts';
import {summariseSwarm} from './summarise-swarm.ts';

/** Those that ask more often get the same answer. */
const FRESH_MS = 1_000;

type Options = {
  readonly datastore: Pick<NewestRecordDatastore, 'list'>;
  /** Monotonic ms. */
  readonly stopwatchMs: () => number;
};

/**
 * The swarm as a server's records describe it, for people who are not in it.
 * However many ask, it costs one pass over the records a second, and reads
 * each record once.
 */
export class SwarmReader {
  readonly #options: Options;
  readonly #read = new WeakMap<SealedRecord, NodeRecord | null>();
  #summary: SwarmSummary = {models: []};
  #takenMs = -Infinity;

  constructor(options: Options) {
    this.#options = options;
  }

  summary(): SwarmSummary {
    const {datastore, stopwatchMs} = this.#options;
    const nowMs = stopwatchMs();
    if (nowMs - this.#takenMs < FRESH_MS) return this.#summary;
    this.#takenMs = nowMs;
    const records = datastore
      .list(`/${RECORD_NAMESPACE}/`)
      .map((sealed) => this.#recordOf(sealed))
      .filter((record) => record !== null)
      .filter((record) => !isFarewell(record));
    this.#summary = summariseSwarm(records);
    return this.#summary;
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
