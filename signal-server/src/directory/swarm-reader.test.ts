import {generateKeyPair} from '@libp2p/crypto/keys';
import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {sealRecord, type SealedRecord} from '#shared/directory/records/signed-record.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import {RecordReader} from './record-reader.ts';
import {SwarmReader} from './swarm-reader.ts';

const key = await generateKeyPair('Ed25519');
const peerId = asPeerId(key.publicKey.toString());
const record = buildRecord({peerId});

test('[SY4] however many ask, the records are looked at once a second, and farewells count for nobody', async () => {
  const farewell = {...record, expiresAtMs: record.seq};
  let held: readonly SealedRecord[] = [await sealRecord(record, key)];
  let nowMs = 0;
  let listings = 0;
  const reader = new SwarmReader({
    reader: new RecordReader(),
    datastore: {
      list: () => {
        listings += 1;
        return held;
      },
    },
    stopwatchMs: () => nowMs,
  });
  const tabs = () => reader.summary().models[0]?.tabs ?? 0;
  expect([tabs(), tabs(), tabs()]).toEqual([1, 1, 1]);
  held = [await sealRecord(farewell, key), {key: held[0]?.key ?? '', value: new Uint8Array(70)}];
  nowMs = 999;
  expect(tabs()).toBe(1);
  expect(listings).toBe(1);
  nowMs = 1_000;
  expect(tabs()).toBe(0);
  expect(listings).toBe(2);
});
