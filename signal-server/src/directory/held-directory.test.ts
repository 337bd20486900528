import {generateKeyPair} from '@libp2p/crypto/keys';
import {expect, test} from 'vitest';
import {asManifestHash} from '#shared/base/ids.ts';
import {recordPrefix} from '#shared/directory/records/signed-record.ts';
import {NewestRecordDatastore} from '#shared/directory/server/newest-record-datastore.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import {sealFresh} from '../testing/open-client.ts';
import {heldDirectory} from './held-directory.ts';
import {RecordReader} from './record-reader.ts';

test('[GW12] the gateway sees the live records of its model, and hears of each change', async () => {
  const {swarmId, manifestHash} = buildRecord();
  const datastore = new NewestRecordDatastore({now: Date.now});
  const prefix = recordPrefix(swarmId, manifestHash);
  const directory = heldDirectory({datastore, reader: new RecordReader(), prefix});
  let changes = 0;
  const stop = directory.subscribe(() => (changes += 1));
  const keys = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')] as const;
  for (const key of keys) datastore.offer(await sealFresh(key), 'here');
  const other = await generateKeyPair('Ed25519');
  const otherModel = {manifestHash: asManifestHash('cd'.repeat(32))};
  datastore.offer(await sealFresh(other, otherModel), 'here');
  const ids = keys.map(({publicKey}) => publicKey.toString()).toSorted();
  expect(directory.list()).toMatchObject({
    state: 'reachable',
    records: ids.map((peerId) => ({peerId})),
  });
  expect(changes).toBe(2);
  const seq = Date.now() + 1;
  datastore.offer(await sealFresh(keys[0], {seq, expiresAtMs: seq}), 'here');
  datastore.forget(keys[1].publicKey.toString());
  expect(directory.list().records).toEqual([]);
  expect(changes).toBe(4);
  stop();
});
