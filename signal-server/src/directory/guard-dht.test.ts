import {generateKeyPair} from '@libp2p/crypto/keys';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {putRecord} from '#shared/directory/libp2p/put-record.ts';
import type {SealedRecord} from '#shared/directory/records/signed-record.ts';
import {MESSAGE_UNITS} from './guard-dht.ts';
import {WORK_PER_PEER} from './record-service.ts';
import type {SignalServer} from '../start-signal-server.ts';
import {DhtStream, putQuestion, type DhtQuestion} from '../testing/dht-stream.ts';
import {openClient, openServer, sealFresh, type Client} from '../testing/open-client.ts';

let server: SignalServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(async () => {
  await server.close();
});

const bytesOf = (text: string) => new TextEncoder().encode(text);
const countOf = (code: string) => server.counters().refusals[code] ?? 0;
const ask = async ({connection}: Client, question: DhtQuestion) =>
  await (await DhtStream.open(connection)).ask(question);
const put = async ({libp2p, connection}: Client, sealed: SealedRecord) => {
  const signal = AbortSignal.timeout(50_000);
  return await putRecord({libp2p, server: connection.remotePeer, sealed, signal});
};
/** The DHT has no other way to refuse. */
const isReset = async (answer: Promise<unknown>) =>
  await answer.then(
    () => false,
    () => true,
  );
const spoil = ({key, value}: SealedRecord): SealedRecord => ({
  key,
  value: value.map((byte, index) => (index === 3 ? byte ^ 1 : byte)),
});

test('[RI4] the DHT takes a record from its owner only, as a put does', async () => {
  const [owner, stranger] = [await openClient(server), await openClient(server)];
  const sealed = await owner.seal();
  const before = countOf('RECORD_NOT_YOURS');
  expect(await isReset(ask(stranger, putQuestion(sealed)))).toBe(true);
  expect(countOf('RECORD_NOT_YOURS')).toBe(before + 1);
  expect((await ask(owner, putQuestion(sealed))).record).not.toBeNull();
  const got = await ask(stranger, {type: 'GET_VALUE', key: bytesOf(sealed.key)});
  expect(got.record).not.toBeNull();
  await owner.stop();
  await stranger.stop();
});

test('[RI5] provider records are not taken, and no answer names another peer', async () => {
  const clients = [await openClient(server, {dhtServer: true}), await openClient(server)] as const;
  const [provider, client] = clients;
  const key = new Uint8Array([0x01, 0x55, 0x12, 0x20, ...new Uint8Array(32)]);
  const id = provider.libp2p.peerId.toMultihash().bytes;
  const peer = new Uint8Array([0x0a, id.length, ...id]);
  const stream = await DhtStream.open(provider.connection);
  await stream.send({type: 'ADD_PROVIDER', key, providers: [peer], closer: [peer]});
  await stream.ask({type: 'PING'});
  expect(countOf('PROVIDER_REFUSED')).toBe(1);
  for (const type of ['GET_PROVIDERS', 'FIND_NODE'] as const) {
    expect(await ask(client, {type, key})).toMatchObject({peerCount: 0});
  }
  for (const each of clients) await each.stop();
});

test('[RI6] keys of other namespaces, unknown messages and no messages are refused and counted', async () => {
  const client = await openClient(server);
  const key = bytesOf('/pk/abc');
  const record = putQuestion({key: '/pk/abc', value: new Uint8Array(70)});
  expect(await isReset(ask(client, {type: 'GET_VALUE', key}))).toBe(true);
  expect(countOf('NO_WEFT_KEY')).toBe(1);
  expect(await isReset(ask(client, record))).toBe(true);
  const [before, foreign] = [countOf('MALFORMED_RPC'), {...record, record: new Uint8Array(9)}];
  expect(await isReset(ask(client, foreign))).toBe(true);
  expect(await isReset(ask(client, {type: 'PUT_VALUE', key}))).toBe(true);
  expect(await isReset(ask(client, {type: 'UNKNOWN'}))).toBe(true);
  expect(countOf('MALFORMED_RPC')).toBe(before + 3);
  expect(client.connection.status).toBe('open');
  await client.stop();
});

test('[RI7] a peer that floods the DHT waits behind itself: the page and other tabs are answered', async () => {
  const [flooder, honest] = [await openClient(server), await openClient(server)];
  const flood = await DhtStream.open(flooder.connection);
  let answered = 0;
  const count = async (): Promise<void> => {
    for (;;) {
      await flood.answer();
      answered += 1;
    }
  };
  const ended = count().catch(() => 'ended');
  const key = new Uint8Array(34).fill(7);
  const sent = 1_000;
  const startedMs = performance.now();
  for (let i = 0; i < sent; i += 1)
    void flood.send({type: 'FIND_NODE', key}).catch(() => undefined);
  const {unitsPerSecond, burstUnits} = WORK_PER_PEER;
  await expect.poll(() => answered * MESSAGE_UNITS, {timeout: 50_000}).toBeGreaterThan(burstUnits);
  for (let i = 0; i < 5; i += 1) {
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect(await put(honest, await honest.seal())).toEqual({kind: 'stored'});
  }
  // However slow the machine is: no more than it had, and has earned since.
  const earned = burstUnits + ((performance.now() - startedMs) / 1_000) * unitsPerSecond;
  expect(answered * MESSAGE_UNITS).toBeLessThanOrEqual(earned);
  flood.stream.abort(new Error('enough'));
  expect(await ended).toBe('ended');
  await flooder.stop();
  await honest.stop();
});

test('[RI11] more than a connection could have to say costs the stream, and no more', async () => {
  const client = await openClient(server);
  const closer = Array.from({length: 8_000}, () => new Uint8Array(100));
  expect((await ask(client, {type: 'PING', closer})).peerCount).toBe(0);
  const stream = await DhtStream.open(client.connection);
  const sayOn = async (): Promise<void> => {
    for (;;) await stream.ask({type: 'PING', closer});
  };
  expect(await isReset(sayOn())).toBe(true);
  expect(client.connection.status).toBe('open');
  await client.stop();
});

test('[RI8] a peer that lies repeatedly loses its connection, and is not let in again at once', async () => {
  const privateKey = await generateKeyPair('Ed25519');
  const liar = await openClient(server, {privateKey});
  const lie = spoil(await liar.seal());
  const before = countOf('RECORD_SIGNATURE_INVALID');
  const lieOn = async (): Promise<void> => {
    for (;;) await put(liar, lie);
  };
  expect(await isReset(lieOn())).toBe(true);
  expect(countOf('RECORD_SIGNATURE_INVALID') - before).toBeLessThan(100);
  await expect.poll(() => liar.connection.status).not.toBe('open');
  const again = await openClient(server, {privateKey});
  await expect.poll(() => again.connection.status).not.toBe('open');
  await again.stop();
  await liar.stop();
});

test('[RI8] a wrong clock is no lie', async () => {
  const client = await openClient(server);
  const late = await client.seal({seq: Date.now() - 120_000});
  for (let i = 0; i < 15; i += 1) {
    expect(await put(client, late)).toEqual({kind: 'refused', code: 'RECORD_EXPIRED'});
  }
  expect(client.connection.status).toBe('open');
  await client.stop();
});

test('[RI9] what an owner has ended comes back by nobody: not by a stranger, not by itself', async () => {
  const privateKey = await generateKeyPair('Ed25519');
  const [owner, stranger] = [await openClient(server, {privateKey}), await openClient(server)];
  const seq = Date.now();
  const live = await owner.seal({seq});
  const {dhtRecords} = server.counters();
  await put(owner, live);
  await put(owner, await owner.seal({seq: seq + 1, expiresAtMs: seq + 1}));
  await owner.stop();
  await expect.poll(() => server.counters().dhtRecords).toBe(dhtRecords);
  expect(await put(stranger, live)).toEqual({kind: 'refused', code: 'RECORD_NOT_YOURS'});
  expect(await isReset(ask(stranger, putQuestion(live)))).toBe(true);
  const back = await openClient(server, {privateKey});
  expect(await put(back, live)).toEqual({kind: 'refused', code: 'RECORD_OUTDATED'});
  const next = await sealFresh(privateKey, {seq: seq + 2});
  expect(await put(back, next)).toEqual({kind: 'stored'});
  await back.stop();
  await stranger.stop();
});

test('[RI10] an owner that lost its connection without a farewell comes back with the same record', async () => {
  const privateKey = await generateKeyPair('Ed25519');
  const owner = await openClient(server, {privateKey});
  const sealed = await owner.seal();
  const {dhtRecords} = server.counters();
  await put(owner, sealed);
  owner.connection.abort(new Error('cable pulled'));
  await expect.poll(() => server.counters().dhtRecords).toBe(dhtRecords);
  const back = await openClient(server, {privateKey});
  expect(await put(back, sealed)).toEqual({kind: 'stored'});
  await back.stop();
  await owner.stop();
});
