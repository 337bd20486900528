import type {NodeRecord} from '../../protocol/node-record.ts';
import {fromBase64} from './base64.ts';
import {readRecord, verifyRecord} from './signed-record.ts';

export type ListedRecord = {
  readonly key: string;
  /** As it was listed: base64. */
  readonly text: string;
  /** What was not written after this is no news, and its signature not worth a look. */
  readonly afterSeq: number;
};

export type ListedPage = {
  readonly records: readonly ListedRecord[];
  /** Unix ms, corrected by the server's clock. */
  readonly nowMs: number;
};

/** @returns for each record what it says, or `null` when it is broken, untrue, over, or no news. */
export type CheckListed = (page: ListedPage) => Promise<readonly (NodeRecord | null)[]>;

/** On the thread that calls it: each record costs about 0.2 ms. */
export async function checkListed({
  records,
  nowMs,
}: ListedPage): Promise<readonly (NodeRecord | null)[]> {
  return Promise.all(records.map(async (listed) => checkOne(listed, nowMs)));
}

async function checkOne(
  {key, text, afterSeq}: ListedRecord,
  nowMs: number,
): Promise<NodeRecord | null> {
  try {
    const sealed = {key, value: fromBase64(text)};
    const record = readRecord(sealed);
    if (record.seq <= afterSeq) return null;
    await verifyRecord(sealed, record, nowMs);
    return record;
  } catch {
    return null; // As if it had not been listed.
  }
}
