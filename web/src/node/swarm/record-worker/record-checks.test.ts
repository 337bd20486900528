import {generateKeyPair} from '@libp2p/crypto/keys';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {afterEach, expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {toBase64} from '#shared/directory/records/base64.ts';
import type {ListedRecord} from '#shared/directory/records/check-listed.ts';
import {sealRecord} from '#shared/directory/records/signed-record.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import {RecordChecks} from './record-checks.ts';
import {ThreadWorker} from '../../testing/thread-worker.ts';

const NOW_MS = 1_800_000_000_000;
const opened: ThreadWorker[] = [];
const checksOf: RecordChecks[] = [];
afterEach(() => {
  for (const checks of checksOf.splice(0)) checks.close();
  opened.length = 0;
});

function openChecks(module: string): RecordChecks {
  const checks = new RecordChecks(() => {
    const worker = new ThreadWorker(new URL(module, import.meta.url));
    opened.push(worker);
    return worker;
  });
  checksOf.push(checks);
  return checks;
}

async function listedBy(seq: number): Promise<ListedRecord> {
  const owner = await generateKeyPair('Ed25519');
  const peerId = asPeerId(peerIdFromPrivateKey(owner).toString());
  const {key, value} = await sealRecord(buildRecord({peerId, seq}), owner);
  return {key, text: toBase64(value), afterSeq: -1};
}

const listed = await Promise.all(Array.from({length: 32}, async (_, at) => listedBy(NOW_MS - at)));
const [first, second, third, fourth] = listed;
if (!first || !second || !third || !fourth) throw new Error('There are 32 records');
/** Signed by another, no base64, no news, cut off: each of its own kind. */
const untrue: readonly ListedRecord[] = [
  {...first, key: second.key},
  {...second, text: '%'},
  {...third, afterSeq: NOW_MS - 2},
  {...fourth, text: fourth.text.slice(0, -4)},
];
const page = {records: [...untrue, ...listed.slice(4)], nowMs: NOW_MS};
const seqs = [null, null, null, null, ...listed.slice(4).map((_, at) => NOW_MS - 4 - at)];
const seqsOf = (checked: readonly ({readonly seq: number} | null)[]) =>
  checked.map((record) => record?.seq ?? null);

test('[KR10] many records are checked in a thread of their own, a few on the page', async () => {
  const checks = openChecks('record.worker.ts');
  const few = {...page, records: page.records.slice(0, 7)};
  expect(seqsOf(await checks.check(few))).toEqual(seqs.slice(0, 7));
  expect(opened).toHaveLength(0);
  const both = await Promise.all([checks.check(page), checks.check(page)]);
  expect(both.map(seqsOf)).toEqual([seqs, seqs]);
  expect(opened.map(({requestCount}) => requestCount)).toEqual([2]);
});

test('[KR10] where that thread does not start, or fails, the page checks what it was given', async () => {
  const checks = openChecks('there-is-no-such-worker.ts');
  const both = await Promise.all([checks.check(page), checks.check(page)]);
  expect(both.map(seqsOf)).toEqual([seqs, seqs]);
  expect(seqsOf(await checks.check(page))).toEqual(seqs);
  expect(opened).toHaveLength(1);

  const forbidden = new RecordChecks(() => {
    throw new DOMException('Workers are forbidden', 'SecurityError');
  });
  expect(seqsOf(await forbidden.check(page))).toEqual(seqs);
});

test('[KR10] closed checks answer at once, with nothing', async () => {
  const checks = openChecks('record.worker.ts');
  const waiting = checks.check(page);
  checks.close();
  expect(await waiting).toEqual([]);
  expect(await checks.check(page)).toEqual([]);
  expect(opened).toHaveLength(1);
});
