import type {SwarmSummary} from '#shared/protocol/swarm-summary.ts';
import {RECORD_NAMESPACE} from '#shared/directory/records/signed-record.ts';
import type {NewestRecordDatastore} from '#shared/directory/server/newest-record-datastore.ts';
import type {RecordReader} from './record-reader.ts';
import {summariseSwarm} from './summarise-swarm.ts';

/** Those that ask more often get the same answer. */
const FRESH_MS = 1_000;

type Options = {
  readonly datastore: Pick<NewestRecordDatastore, 'list'>;
  readonly reader: RecordReader;
  /** Monotonic ms. */
  readonly stopwatchMs: () => number;
};

/**
 * The swarm as a server's records describe it, for people who are not in it.
 * However many ask, it costs one pass over the records a second.
 */
export class SwarmReader {
  readonly #options: Options;
  #summary: SwarmSummary = {models: []};
  #takenMs = -Infinity;

  constructor(options: Options) {
    this.#options = options;
  }

  summary(): SwarmSummary {
    const {datastore, reader, stopwatchMs} = this.#options;
    const nowMs = stopwatchMs();
    if (nowMs - this.#takenMs < FRESH_MS) return this.#summary;
    this.#takenMs = nowMs;
    this.#summary = summariseSwarm(reader.live(datastore, `/${RECORD_NAMESPACE}/`));
    return this.#summary;
  }
}
