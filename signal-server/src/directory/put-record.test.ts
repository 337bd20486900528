import {generateKeyPair} from '@libp2p/crypto/keys';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {putRecord} from '#shared/directory/libp2p/put-record.ts';
import type {SealedRecord} from '#shared/directory/records/signed-record.ts';
import {openClient, openServer, sealFresh, type Client} from '../testing/open-client.ts';
import type {SignalServer} from '../start-signal-server.ts';

let server: SignalServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(async () => {
  await server.close();
});

const limited = () => ({signal: AbortSignal.timeout(50_000)});
const put = async ({libp2p, connection}: Client, sealed: SealedRecord) =>
  await putRecord({libp2p, server: connection.remotePeer, sealed, ...limited()});

test('[RI1] a record goes straight to a server, which the DHT then serves', async () => {
  const [owner, reader] = [await openClient(server), await openClient(server)];
  const sealed = await owner.seal();
  expect(await put(owner, sealed)).toEqual({kind: 'stored'});
  expect(server.counters().dhtRecords).toBe(1);
  const values: Uint8Array[] = [];
  const key = new TextEncoder().encode(sealed.key);
  for await (const event of reader.libp2p.services.dht.get(key, limited())) {
    if (event.name === 'VALUE') values.push(event.value);
  }
  expect(values).toEqual([sealed.value]);
  await owner.stop();
  await reader.stop();
});

test('[RI2] what a server does not keep is answered with a code and counted under it', async () => {
  const owner = await openClient(server);
  const seq = Date.now();
  const first = await owner.seal({seq});
  const altered = {
    key: first.key,
    value: first.value.map((byte, i) => (i === 3 ? byte ^ 1 : byte)),
  };
  const offers = [
    [altered, 'RECORD_SIGNATURE_INVALID'],
    [await owner.seal({seq: seq - 120_000}), 'RECORD_EXPIRED'],
    [await owner.seal({seq: seq + 120_000}), 'RECORD_FROM_THE_FUTURE'],
    [await owner.seal({seq, expiresAtMs: seq + 120_000}), 'RECORD_EXPIRY_TOO_FAR'],
    [{key: first.key, value: new Uint8Array(70)}, 'RECORD_MALFORMED'],
  ] as const;
  for (const [sealed, code] of offers) {
    const before = server.recordRefusals().get(code) ?? 0;
    expect(await put(owner, sealed)).toEqual({kind: 'refused', code});
    expect(server.recordRefusals().get(code)).toBe(before + 1);
  }
  expect(await put(owner, first)).toEqual({kind: 'stored'});
  const older = await owner.seal({seq: seq - 1});
  expect(await put(owner, older)).toEqual({kind: 'refused', code: 'RECORD_OUTDATED'});
  await owner.stop();
});

test('[RI3] nobody puts a record of somebody else', async () => {
  const client = await openClient(server);
  const sealed = await sealFresh(await generateKeyPair('Ed25519'));
  expect(await put(client, sealed)).toEqual({kind: 'refused', code: 'RECORD_NOT_YOURS'});
  await client.stop();
});
