import type {PeerId} from '../../base/ids.ts';
import type {DirectoryReply} from '../../protocol/directory-message.ts';
import type {CheckListed} from '../records/check-listed.ts';
import type {RecordSource, RecordTable} from '../records/record-table.ts';

type Options = {
  readonly table: RecordTable;
  /** One model in one swarm: the key of a record is this and its owner. */
  readonly prefix: string;
  /** Unix ms, corrected by the server's clock. */
  readonly nowMs: number;
  readonly check: CheckListed;
};

/**
 * Puts into the table what is news in one page of a list. Costs a signature
 * check only for what would find a place there: what was verified before, is
 * older than what is held, or comes when all places are taken is passed over.
 *
 * @returns whether the list of live records changed, and how many records were
 *   listed that there is no place for.
 */
export async function takeRecords(
  reply: DirectoryReply,
  source: RecordSource,
  {table, prefix, nowMs, check}: Options,
): Promise<{readonly isNews: boolean; readonly placelessCount: number}> {
  const placed = reply.records.filter(({peerId}) => table.hasPlaceFor(peerId, source));
  const unknown = placed.filter(({peerId, value}) => !table.isHeld(peerId, value, source));
  const records = unknown.map(({peerId, value}) => ({
    key: prefix + peerId,
    text: value,
    afterSeq: table.newestSeq(peerId),
  }));
  const checked = records.length === 0 ? [] : await check({records, nowMs});
  const changes = unknown.map(({value}, at) => {
    const record = checked[at] ?? null;
    return record !== null && table.add(record, source, value);
  });
  // Whom a contact lost sight of may be in sight of others: such a record ends by its owner's word, or expires.
  const gone = source.kind === 'named' ? reply.gone : [];
  const departures = gone.map((owner: PeerId) => table.gone(owner, source));
  return {
    isNews: [...changes, ...departures].includes(true),
    placelessCount: reply.records.length - placed.length,
  };
}
