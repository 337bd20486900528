import {generateKeyPair} from '@libp2p/crypto/keys';
import type {Libp2p, PrivateKey} from '@libp2p/interface';
import {afterEach, expect, test} from 'vitest';
import type {NodeRecord} from '../../protocol/node-record.ts';
import {DIRECTORY_PROTOCOL, type DirectoryReply} from '../../protocol/directory-message.ts';
import {fixedServers} from '../../testing/fixed-servers.ts';
import {idOf, openMemoryPeer, serveRecords} from '../../testing/memory-peers.ts';
import {buildRecord} from '../../testing/record-builder.ts';
import type {Directory} from '../directory.ts';
import {openLibp2pDirectory} from '../libp2p/libp2p-directory.ts';
import {putRecord} from '../libp2p/put-record.ts';
import {Allowance} from '../../base/allowance.ts';
import {PUT_PROTOCOL} from '../../protocol/put-message.ts';
import {RecordTable} from '../records/record-table.ts';
import {KeptRecords} from './kept-records.ts';
import {serveContacts} from './serve-contacts.ts';
import {readList} from '../libp2p/read-list.ts';
import {recordPrefix, sealRecord} from '../records/signed-record.ts';

const model = buildRecord();
const prefix = recordPrefix(model.swarmId, model.manifestHash);
const patient = {timeout: 50_000, interval: 10};
const {signal} = new AbortController();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

type TestTab = {
  readonly libp2p: Libp2p;
  readonly directory: Directory;
  readonly privateKey: PrivateKey;
  /** Publishes a record of its own, later than all before. */
  readonly publish: (changes?: Partial<NodeRecord>) => Promise<void>;
  /** Whose records it lists. */
  readonly listed: () => readonly string[];
};

/** Always the same time: however slow the machine, no record expires. */
const NOW_MS = Date.now();
let lastSeq = NOW_MS - 1_000;

async function openTab(named: readonly Libp2p[] = []): Promise<TestTab> {
  const privateKey = await generateKeyPair('Ed25519');
  const libp2p = await openMemoryPeer({privateKey});
  const servers = fixedServers(named.map(idOf));
  const directory = await openLibp2pDirectory({libp2p, prefix, now: () => NOW_MS, servers});
  closers.push(async () => {
    await directory.close();
    await libp2p.stop();
  });
  return {
    libp2p,
    directory,
    privateKey,
    publish: async (changes = {}) => {
      lastSeq += 1;
      const record = buildRecord({peerId: idOf(libp2p), seq: lastSeq, ...changes});
      await directory.publish(await sealRecord(record, privateKey), {signal});
    },
    listed: () => directory.list().records.map(({peerId}) => peerId),
  };
}

async function openServer(): Promise<Libp2p> {
  const server = await openMemoryPeer();
  closers.push(() => server.stop());
  await serveRecords(server, () => NOW_MS);
  return server;
}

const connect = async ({libp2p}: {readonly libp2p: Libp2p}, other: Libp2p) =>
  libp2p.dial(other.getMultiaddrs());

/** Tries as a publisher does, until somebody has taken the record. */
async function publishPatiently(tab: TestTab): Promise<void> {
  await expect
    .poll(
      async () =>
        tab
          .publish()
          .then(() => 'kept')
          .catch(codeOf),
      patient,
    )
    .toBe('kept');
}

const codeOf = (error: {readonly detail?: {readonly code?: string}}) => error.detail?.code;

test('[TC1] without a server, tabs in contact find the records of each other, and those of whom only one of them knows', async () => {
  const [a, b, c] = [await openTab(), await openTab(), await openTab()];
  await connect(a, b.libp2p);
  await connect(b, c.libp2p);
  await publishPatiently(a);
  await expect.poll(b.listed, patient).toEqual([idOf(a.libp2p)]);
  await expect.poll(c.listed, patient).toEqual([idOf(a.libp2p)]);
  await publishPatiently(c);
  const both = [idOf(a.libp2p), idOf(c.libp2p)].toSorted();
  for (const tab of [a, b, c]) await expect.poll(tab.listed, patient).toEqual(both);
  expect(a.directory.list().state).toBe('unreachable');
});

test('[TC3] a contact takes what the owner itself wrote, and not too much of that', async () => {
  const [a, b] = [await openTab(), await openTab()];
  await connect(a, b.libp2p);
  const put = async (changes: Partial<NodeRecord>, privateKey = a.privateKey) => {
    const record = buildRecord({peerId: idOf(a.libp2p), seq: NOW_MS, ...changes});
    const sealed = await sealRecord(record, privateKey);
    const reply = await putRecord({libp2p: a.libp2p, server: b.libp2p.peerId, sealed, signal});
    return reply.kind === 'refused' ? reply.code : 'STORED';
  };
  const seq = NOW_MS;
  expect(await put({seq})).toBe('STORED');
  expect(await put({seq: seq - 1})).toBe('RECORD_OUTDATED');
  expect(await put({seq: seq + 1}, b.privateKey)).toBe('RECORD_SIGNATURE_INVALID');
  expect(await put({seq: seq + 60_000})).toBe('RECORD_FROM_THE_FUTURE');
  expect(await put({peerId: idOf(b.libp2p)}, b.privateKey)).toBe('RECORD_NOT_YOURS');
  expect(b.listed()).toEqual([idOf(a.libp2p)]);
});

test('[TC3] a contact that puts more records than a tab has time to check is refused', async () => {
  const {libp2p: tab} = await openTab();
  const owner = await generateKeyPair('Ed25519');
  const contact = await openMemoryPeer({privateKey: owner});
  closers.push(() => contact.stop());
  await tab.unhandle([DIRECTORY_PROTOCOL, PUT_PROTOCOL]);
  const table = new RecordTable();
  await serveContacts({
    libp2p: tab,
    kept: new KeptRecords({table, prefix, onNews: () => undefined}),
    now: () => NOW_MS,
    isServerThere: () => false,
    checked: new Allowance({perSec: 1e-6, burst: 2}),
  });
  await contact.dial(tab.getMultiaddrs());
  const replies = [];
  for (let count = 0; count < 3; count += 1) {
    const record = buildRecord({peerId: idOf(contact), seq: NOW_MS + count});
    const sealed = await sealRecord(record, owner);
    replies.push(await putRecord({libp2p: contact, server: tab.peerId, sealed, signal}));
  }
  expect(replies).toEqual([
    {kind: 'stored'},
    {kind: 'stored'},
    {kind: 'refused', code: 'RATE_LIMITED'},
  ]);
});

test('[TC4] a tab lists to eight contacts, and to no more', async () => {
  const tab = await openTab();
  const readers = await Promise.all(Array.from({length: 9}, () => openMemoryPeer()));
  const lists = readers.map(async (reader) => {
    closers.push(() => reader.stop());
    const connection = await reader.dial(tab.libp2p.getMultiaddrs());
    const replies: DirectoryReply[] = [];
    const reading = readList({
      connection,
      prefix,
      signal,
      onReply: async (reply) => void replies.push(reply),
    }).catch(() => replies.length);
    return {replies, reading};
  });
  const opened = await Promise.all(lists);
  await expect
    .poll(() => opened.filter(({replies}) => replies[0]?.complete === true).length, patient)
    .toBe(8);
  // The ninth is sent away before its first page, and nobody else.
  expect(await Promise.race(opened.map(({reading}) => reading))).toBe(0);
});

test('[TC5] a contact that is closed leaves at its neighbours, and comes back with its next record', async () => {
  const [a, b, c] = [await openTab(), await openTab(), await openTab()];
  await connect(a, b.libp2p);
  await connect(b, c.libp2p);
  await publishPatiently(a);
  await expect.poll(c.listed, patient).toEqual([idOf(a.libp2p)]);
  await a.libp2p.hangUp(b.libp2p.peerId);
  await expect.poll(b.listed, patient).toEqual([]);
  expect(c.listed()).toEqual([idOf(a.libp2p)]);
  await connect(a, b.libp2p);
  await publishPatiently(a);
  await expect.poll(b.listed, patient).toEqual([idOf(a.libp2p)]);
});

test('[TC6] once a named server answers, contacts neither list nor keep', async () => {
  const server = await openServer();
  const [a, b] = [await openTab([server]), await openTab([server])];
  await connect(a, b.libp2p);
  await publishPatiently(a);
  await expect.poll(b.listed, patient).toEqual([idOf(a.libp2p)]);
  for (const tab of [a, b]) await connect(tab, server);
  await expect.poll(() => listsBetween(a, b), patient).toBe(0);
  expect(a.directory.list().state).toBe('reachable');
  const late = await openTab([server]);
  await connect(late, server);
  await a.publish();
  await expect.poll(late.listed, patient).toEqual([idOf(a.libp2p)]);
});

function listsBetween(a: TestTab, b: TestTab): number {
  return a.libp2p
    .getConnections(b.libp2p.peerId)
    .flatMap(({streams}) => streams)
    .filter(({protocol, status}) => protocol === DIRECTORY_PROTOCOL && status === 'open').length;
}

test('[TC2] records go to named servers only while one answers; when the last has gone, to contacts at once', async () => {
  const server = await openServer();
  const [a, b] = [await openTab([server]), await openTab([server])];
  for (const tab of [a, b]) await connect(tab, server);
  await connect(a, b.libp2p);
  for (const tab of [a, b]) {
    await expect.poll(() => tab.directory.list().state, patient).toBe('reachable');
  }
  const record = buildRecord({peerId: idOf(a.libp2p), seq: NOW_MS});
  const sealed = await sealRecord(record, a.privateKey);
  await expect(
    putRecord({libp2p: a.libp2p, server: b.libp2p.peerId, sealed, signal}),
  ).rejects.toBeInstanceOf(Error);
  await a.publish();
  await expect.poll(b.listed, patient).toEqual([idOf(a.libp2p)]);
  await server.stop();
  await publishPatiently(b);
  await expect.poll(a.listed, patient).toContain(idOf(b.libp2p));
});
