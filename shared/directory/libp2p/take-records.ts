import type {PeerId} from '../../base/ids.ts';
import type {DirectoryReply} from '../../protocol/directory-message.ts';
import type {NodeRecord} from '../../protocol/node-record.ts';
import {fromBase64} from '../base64.ts';
import type {RecordSource, RecordTable} from '../records/record-table.ts';
import {readRecord, verifyRecord, type SealedRecord} from '../records/signed-record.ts';

type Listed = DirectoryReply['records'][number];
type Candidate = {
  readonly sealed: SealedRecord;
  readonly record: NodeRecord;
  readonly text: string;
};

type Options = {
  readonly table: RecordTable;
  /** One model in one swarm: the key of a record is this and its owner. */
  readonly prefix: string;
  /** Unix ms, corrected by the server's clock. */
  readonly nowMs: number;
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
  options: Options,
): Promise<{readonly isNews: boolean; readonly placelessCount: number}> {
  const {table, nowMs} = options;
  const placed = reply.records.filter(({peerId}) => table.hasPlaceFor(peerId, source));
  const candidates = placed.flatMap((listed) => candidateOf(listed, source, options) ?? []);
  const verified = await Promise.all(candidates.map((candidate) => isTrue(candidate, nowMs)));
  const changes = candidates.map(
    ({record, text}, at) => verified[at] === true && table.add(record, source, text),
  );
  const departures = reply.gone.map((owner: PeerId) => table.gone(owner, source));
  return {
    isNews: [...changes, ...departures].includes(true),
    placelessCount: reply.records.length - placed.length,
  };
}

function candidateOf(
  {peerId, value}: Listed,
  source: RecordSource,
  {table, prefix}: Options,
): Candidate | null {
  if (table.isHeld(peerId, value, source)) return null;
  const sealed = {key: prefix + peerId, value: fromBase64(value)};
  const record = readOrNull(sealed);
  return record !== null && table.isNews(peerId, record.seq) ? {sealed, record, text: value} : null;
}

/** @returns `null` for what is broken: as if it had not been listed. */
function readOrNull(sealed: SealedRecord): NodeRecord | null {
  try {
    return readRecord(sealed);
  } catch {
    return null;
  }
}

/** Whether its owner signed it and it is live: else it counts as not listed. */
async function isTrue({sealed, record}: Candidate, nowMs: number): Promise<boolean> {
  return verifyRecord(sealed, record, nowMs).then(
    () => true,
    () => false,
  );
}
