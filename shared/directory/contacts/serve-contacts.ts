import type {Libp2p} from '@libp2p/interface';
import {Allowance} from '../../base/allowance.ts';
import {WeftError} from '../../base/errors.ts';
import {serveDirectory} from '../server/directory-server.ts';
import {RecordIntake} from '../server/record-intake.ts';
import {servePuts} from '../server/serve-puts.ts';
import type {KeptRecords} from './kept-records.ts';

/** Contacts that read here at the same time: so many times the news go out. */
const MAX_READERS = 8;
/** Records that contacts put here; each costs about 0.3 ms to check, and eight renew theirs once a second at most. */
const CHECKED_RECORDS = {perSec: 10, burst: 64};

type Options = {
  readonly libp2p: Libp2p;
  readonly kept: KeptRecords;
  /** Unix ms, corrected by the server's clock. */
  readonly now: () => number;
  /** Whether a named server answers: then contacts have better places to ask. */
  readonly isServerThere: () => boolean;
  /** How many records of contacts are checked; another in tests. */
  readonly checked?: Allowance;
};

/**
 * Lists what this tab knows to its contacts, and takes their records, while no
 * named server answers: the protocols and the checks are those of a server.
 */
export async function serveContacts(options: Options): Promise<{close(): Promise<void>}> {
  const {libp2p, kept, now, isServerThere} = options;
  const {checked = new Allowance(CHECKED_RECORDS)} = options;
  const intake = new RecordIntake({
    store: kept,
    now,
    mayVerify: async () => checked.spend(performance.now()),
  });
  const listing = await serveDirectory({
    libp2p,
    records: kept,
    takeTurn: async () => !isServerThere(),
    mayForget: () => !isServerThere(),
    maxReaders: MAX_READERS,
  });
  const puts = await servePuts({
    libp2p,
    intake: {
      offer: async (sealed, by) => {
        if (isServerThere()) throw serverThere();
        return await intake.offer(sealed, by);
      },
    },
  });
  return {
    close: async () => {
      kept.close();
      await puts.close();
      await listing.close();
    },
  };
}

function serverThere(): WeftError {
  return new WeftError(
    {code: 'SERVER_ANSWERS'},
    'Cannot keep the record of a contact: a named server answers, and keeps it',
  );
}
