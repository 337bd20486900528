import {PUT_PROTOCOL} from '../../protocol/put-message.ts';
import {setImmediate} from 'node:timers/promises';
import {generateKeyPair} from '@libp2p/crypto/keys';
import type {Libp2p, PrivateKey} from '@libp2p/interface';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {afterEach, expect, test} from 'vitest';
import {asPeerId, type PeerId} from '../../base/ids.ts';
import {fixedServers} from '../../testing/fixed-servers.ts';
import {idOf, openMemoryPeer, serveRecords} from '../../testing/memory-peers.ts';
import {buildRecord} from '../../testing/record-builder.ts';
import {DIRECTORY_PROTOCOL, DIRECTORY_MESSAGE_MAX_BYTES} from '../../protocol/directory-message.ts';
import {toBase64} from '../records/base64.ts';
import type {Directory} from '../directory.ts';
import {JsonStream} from '../json-stream.ts';
import {openLibp2pDirectory} from './libp2p-directory.ts';
import {recordPrefix, sealRecord, type SealedRecord} from '../records/signed-record.ts';

const model = buildRecord();
const prefix = recordPrefix(model.swarmId, model.manifestHash);
const peers: Libp2p[] = [];
const directories: Directory[] = [];
afterEach(async () => {
  await Promise.all(directories.splice(0).map((directory) => directory.close()));
  await Promise.all(peers.splice(0).map(async (peer) => peer.stop()));
});

async function openPeer(options?: Parameters<typeof openMemoryPeer>[0]): Promise<Libp2p> {
  const peer = await openMemoryPeer(options);
  peers.push(peer);
  return peer;
}

async function openDirectory(
  libp2p: Libp2p,
  named: readonly Libp2p[],
  {
    suspected = [],
    silenceMs = 1_000,
  }: {readonly suspected?: PeerId[]; readonly silenceMs?: number} = {},
): Promise<Directory> {
  const directory = await openLibp2pDirectory({
    libp2p,
    prefix,
    now: Date.now,
    servers: fixedServers(named.map(idOf), suspected),
    patience: {firstReplyMs: silenceMs, silenceMs},
  });
  directories.push(directory);
  return directory;
}

async function sealFresh(owner?: PrivateKey): Promise<SealedRecord> {
  const privateKey = owner ?? (await generateKeyPair('Ed25519'));
  const peerId = asPeerId(peerIdFromPrivateKey(privateKey).toString());
  return await sealRecord(buildRecord({peerId, seq: Date.now()}), privateKey);
}

const stateOf = (directory: Directory) => directory.list().state;
const countOf = (directory: Directory) => directory.list().records.length;
const patient = {timeout: 50_000, interval: 10};

test('[DR9] a named server is read as soon as it is connected, also when it never says what it offers', async () => {
  const [server, tab] = [await openPeer({isIdentified: false}), await openPeer()];
  const store = await serveRecords(server);
  store.offer(await sealFresh(), 'somewhere');
  const directory = await openDirectory(tab, [server]);
  await tab.dial(server.getMultiaddrs());
  await expect.poll(() => countOf(directory), patient).toBe(1);
  expect(stateOf(directory)).toBe('reachable');
});

test('[DR10] the list of a stranger is a hint: read while no named server answers, and never called reachable', async () => {
  const [server, tab] = [await openPeer(), await openPeer()];
  const strangers = await Promise.all(Array.from({length: 10}, () => openPeer()));
  await serveRecords(server);
  for (const stranger of strangers) (await serveRecords(stranger)).offer(await sealFresh(), 'x');
  // A busy machine may be silent for a while, and whoever is silent loses its place.
  const directory = await openDirectory(tab, [server], {silenceMs: 60_000});
  for (const stranger of strangers) await tab.dial(stranger.getMultiaddrs());
  await expect.poll(() => countOf(directory), patient).toBe(8);
  expect(streamsTo(tab, strangers)).toBe(8);
  expect(stateOf(directory)).toBe('unreachable');
  // A named server finds its place although strangers have theirs, and then has no company.
  await tab.dial(server.getMultiaddrs());
  await expect.poll(() => stateOf(directory), patient).toBe('reachable');
  await expect.poll(() => streamsTo(tab, strangers), patient).toBe(0);
  // So it does when it comes back.
  await tab.hangUp(server.peerId);
  await expect.poll(() => stateOf(directory), patient).toBe('unreachable');
  await expect.poll(() => streamsTo(tab, strangers), patient).toBe(8);
  await tab.dial(server.getMultiaddrs());
  await expect.poll(() => stateOf(directory), patient).toBe('reachable');
});

test('[DR10] a stranger that ends its list makes place for the next one', async () => {
  const tab = await openPeer();
  const directory = await openDirectory(tab, []);
  const rude = [await openPeer(), await openPeer()];
  for (const stranger of rude) {
    await stranger.handle(DIRECTORY_PROTOCOL, (stream) => stream.abort(new Error('No list')));
    await tab.dial(stranger.getMultiaddrs());
  }
  const useful = await openPeer();
  (await serveRecords(useful)).offer(await sealFresh(), 'x');
  await tab.dial(useful.getMultiaddrs());
  await expect.poll(() => countOf(directory), patient).toBe(1);
});

function streamsTo(tab: Libp2p, others: readonly Libp2p[]): number {
  return others
    .flatMap(({peerId}) => tab.getConnections(peerId))
    .flatMap(({streams}) => streams)
    .filter(({protocol, status}) => protocol === DIRECTORY_PROTOCOL && status === 'open').length;
}

test('[DR11] a server that hangs costs a publisher nothing', async () => {
  const privateKey = await generateKeyPair('Ed25519');
  const [hanging, server, tab] = [await openPeer(), await openPeer(), await openPeer({privateKey})];
  await hanging.handle(PUT_PROTOCOL, () => undefined);
  const store = await serveRecords(server);
  const directory = await openDirectory(tab, [hanging, server]);
  for (const named of [hanging, server]) await tab.dial(named.getMultiaddrs());
  await directory.publish(await sealFresh(privateKey), {signal: new AbortController().signal});
  expect(store.list(prefix)).toHaveLength(1);
});

test('[DR12] what no server stored is refused with the code that a server gave', async () => {
  const [server, tab] = [await openPeer(), await openPeer()];
  await serveRecords(server);
  const directory = await openDirectory(tab, [server]);
  await tab.dial(server.getMultiaddrs());
  const {signal} = new AbortController();
  await expect(directory.publish(await sealFresh(), {signal})).rejects.toMatchObject({
    detail: {code: 'RECORD_NOT_YOURS'},
  });
});

test('[DR13] a server that says nothing is suspected', async () => {
  const [server, tab] = [await openPeer(), await openPeer()];
  await server.handle(DIRECTORY_PROTOCOL, () => undefined);
  const suspected: PeerId[] = [];
  await openDirectory(tab, [server], {suspected});
  await tab.dial(server.getMultiaddrs());
  await expect.poll(() => suspected, patient).toContain(idOf(server));
});

test('[KR8] a list that goes on for ever is left when every place is taken, counts as read, and is not read again because the server connects again', async () => {
  const [server, tab] = [await openPeer(), await openPeer()];
  let readCount = 0;
  const sealed = await Promise.all(Array.from({length: 264}, async () => sealFresh()));
  const ended = Promise.withResolvers<void>();
  await server.handle(DIRECTORY_PROTOCOL, async (stream) => {
    readCount += 1;
    const messages = new JsonStream(stream, {maxMessageBytes: DIRECTORY_MESSAGE_MAX_BYTES});
    const {signal} = new AbortController();
    stream.addEventListener('close', () => ended.resolve());
    for (let sentPages = 0; stream.status === 'open'; sentPages += 1) {
      await setImmediate(); // The reader runs in the same thread.
      const at = (sentPages * 32) % (sealed.length - 32);
      const records = sealed.slice(at, at + 32).map(({key, value}, k) => {
        const peerId = sentPages < 9 ? key.slice(prefix.length) : `made-up-${sentPages}-${k}`;
        return {peerId, value: toBase64(value)};
      });
      await messages.write({complete: false, records, gone: []}, {signal}).catch(() => undefined);
    }
  });
  // A busy machine may be silent for a while, and that is not what is tested here.
  const directory = await openDirectory(tab, [server], {silenceMs: 60_000});
  await tab.dial(server.getMultiaddrs());
  await expect.poll(() => stateOf(directory), patient).toBe('reachable');
  await ended.promise;
  expect(countOf(directory)).toBe(256);
  expect(stateOf(directory)).toBe('reachable');
  await tab.hangUp(server.peerId);
  const again = await tab.dial(server.getMultiaddrs());
  // What the directory asks for over the new connection comes before this.
  const asked = Promise.withResolvers<void>();
  await server.handle('/asked/1', () => asked.resolve());
  await again.newStream('/asked/1');
  await asked.promise;
  expect(readCount).toBe(1);
});
