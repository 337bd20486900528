import type {PeerId} from '../../ids.ts';
import type {DirectoryReply} from '../../protocol/directory-message.ts';
import type {NodeRecord} from '../../protocol/node-record.ts';
import {fromBase64} from '../base64.ts';
import type {RecordSource, RecordTable} from '../record-table.ts';
import {openRecord, peekRecord, type SealedRecord} from '../signed-record.ts';

type Listed = DirectoryReply['records'][number];
type Candidate = {readonly sealed: SealedRecord; readonly text: string};

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
  const placeless = reply.records.filter(({peerId}) => !table.hasPlaceFor(peerId, source));
  const candidates = reply.records.flatMap((listed) => {
    const candidate = candidateOf(listed, source, options);
    return candidate === null ? [] : [candidate];
  });
  const opened = await Promise.all(candidates.map((candidate) => open(candidate, nowMs)));
  const changes = opened.map(
    (verified) => verified !== null && table.add(verified.record, source, verified.text),
  );
  const departures = reply.gone.map((owner: PeerId) => table.gone(owner, source));
  return {
    isNews: [...changes, ...departures].includes(true),
    placelessCount: placeless.length,
  };
}

function candidateOf(
  {peerId, value}: Listed,
  source: RecordSource,
  {table, prefix}: Options,
): Candidate | null {
  if (table.isHeld(peerId, value, source) || !table.hasPlaceFor(peerId, source)) return null;
  const sealed = {key: prefix + peerId, value: fromBase64(value)};
  const seq = peekRecord(sealed.value)?.seq;
  return seq !== undefined && table.isNews(peerId, seq) ? {sealed, text: value} : null;
}

/** @returns `null` for what is forged, broken or expired: as if it had not been listed. */
async function open(
  {sealed, text}: Candidate,
  nowMs: number,
): Promise<{readonly record: NodeRecord; readonly text: string} | null> {
  const record = await openRecord(sealed, nowMs).catch(() => null);
  return record === null ? null : {record, text};
}
