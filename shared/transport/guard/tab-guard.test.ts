import {
  circuitRelayServer,
  circuitRelayTransport,
  RELAY_V2_STOP_CODEC as STOP_PROTOCOL,
} from '@libp2p/circuit-relay-v2';
import {identify, type Identify} from '@libp2p/identify';
import type {Libp2p, Stream} from '@libp2p/interface';
import {memory} from '@libp2p/memory';
import {noise} from '@libp2p/noise';
import {ping, type Ping} from '@libp2p/ping';
import {webSockets} from '@libp2p/websockets';
import {yamux} from '@libp2p/yamux';
import {multiaddr, type Multiaddr} from '@multiformats/multiaddr';
import {createLibp2p} from 'libp2p';
import {afterEach, expect, test} from 'vitest';
import {asPeerId, type PeerId} from '../../base/ids.ts';
import {FRAMES_PROTOCOL, encodeWord, PING} from '../frames/frame-wire.ts';
import {openLibp2pStreamTransport} from '../libp2p-stream-transport.ts';
import {PING_PROTOCOL} from './answer-pings.ts';
import {TAB_CONNECTIONS, TabGuard} from './tab-guard.ts';

/** For a machine ten times slower: only a test that hangs waits so long. */
const PATIENT = {timeout: 50_000, interval: 10};
const SLOWLY = {dialTimeout: 50_000, addressDialTimeout: 50_000, inboundUpgradeTimeout: 50_000};
const MANY = {
  maxConnections: 1_000,
  maxIncomingPendingConnections: 1_000,
  inboundConnectionThreshold: 1_000,
};

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map(async (close) => close()));
});

let nextNode = 0;
const idOf = (node: Libp2p): PeerId => asPeerId(node.peerId.toString());

const common = () => ({
  addresses: {listen: [`/memory/guard-${nextNode++}`]},
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionManager: {...MANY, ...SLOWLY},
  connectionMonitor: {enabled: false},
});

function closeLater<Node extends Libp2p>(node: Node): Node {
  closers.push(async () => {
    await node.stop();
  });
  return node;
}

/** Relays for whoever asks, without any limit of its own. */
async function openRelay(): Promise<Libp2p> {
  const relay = circuitRelayServer({
    maxOutboundStopStreams: 1_000,
    maxInboundHopStreams: 1_000,
    maxOutboundHopStreams: 1_000,
    reservations: {maxReservations: 100},
  });
  return closeLater(
    await createLibp2p<{identify: Identify; relay: unknown}>({
      ...common(),
      // The relay of libp2p takes network addresses only.
      addresses: {listen: ['/ip4/127.0.0.1/tcp/0/ws']},
      transports: [webSockets(), memory()],
      services: {identify: identify(), relay},
    }),
  );
}

async function openStranger(): Promise<Libp2p> {
  return closeLater(
    await createLibp2p({
      ...common(),
      transports: [memory(), webSockets(), circuitRelayTransport()],
      services: {identify: identify({runOnConnectionOpen: false})},
    }),
  );
}

type Tab = {
  readonly libp2p: Libp2p<{identify: Identify; ping: Ping}>;
  readonly guard: TabGuard;
};

/** A tab that names `servers`; strangers reach it by memory as others do by WebRTC. */
async function openTab(
  servers: readonly Libp2p[],
  limits: Partial<ConstructorParameters<typeof TabGuard>[0]> = {},
): Promise<Tab> {
  const guard = new TabGuard({
    namedServers: () =>
      servers.map((server) => ({
        peerId: idOf(server),
        addresses: server.getMultiaddrs().map(String),
      })),
    ...limits,
  });
  const listen = [...common().addresses.listen, '/p2p-circuit'];
  const libp2p = closeLater(
    await createLibp2p<{identify: Identify; ping: Ping}>({
      ...common(),
      addresses: {listen},
      transports: [memory(), webSockets(), guard.relays(circuitRelayTransport())],
      connectionGater: guard.gater,
      connectionManager: {...TAB_CONNECTIONS, ...SLOWLY},
      services: {identify: identify({runOnLimitedConnection: false}), ping: ping()},
    }),
  );
  await guard.watch(libp2p);
  return {libp2p, guard};
}

const placesOf = ({libp2p}: Tab) =>
  libp2p.getMultiaddrs().filter((address) => String(address).includes('/p2p-circuit'));

async function relayedAddress(tab: Tab, relay: Libp2p): Promise<Multiaddr> {
  await tab.libp2p.dial(relay.getMultiaddrs());
  await expect.poll(() => placesOf(tab).length, PATIENT).toBe(1);
  return multiaddr(`${String(relay.getMultiaddrs()[0])}/p2p-circuit/p2p/${idOf(tab.libp2p)}`);
}

const directAddress = ({libp2p}: Tab): Multiaddr =>
  multiaddr(libp2p.getMultiaddrs().find((address) => String(address).startsWith('/memory')));

test('[GD4] a peer that says it relays gets no place of a tab, and nobody comes in over it', async () => {
  const [server, liar] = [await openRelay(), await openRelay()];
  const tab = await openTab([server]);
  await liar.dial(directAddress(tab));
  await relayedAddress(tab, server);
  expect(placesOf(tab).map(String).join()).toContain(idOf(server));
  expect(placesOf(tab).map(String).join()).not.toContain(idOf(liar));
  const [connection] = liar.getConnections(tab.libp2p.peerId);
  const stream = await connection?.newStream(STOP_PROTOCOL);
  await expect.poll(() => stream?.status, PATIENT).not.toBe('open');
});

test('[GD5] relayed strangers, and those that never finish, keep no honest dial out', async () => {
  const relay = await openRelay();
  const tab = await openTab([relay], {maxVisits: 32, visitMs: 50_000});
  const address = await relayedAddress(tab, relay);
  const toTab = relay.getConnections(tab.libp2p.peerId)[0];
  const unfinished: (Stream | undefined)[] = [];
  for (let k = 0; k < 40; k += 1) {
    unfinished.push(await toTab?.newStream(STOP_PROTOCOL, {maxOutboundStreams: 1_000}));
  }
  const crowd = await Promise.all(Array.from({length: 12}, openStranger));
  const dials = crowd.map(async (stranger) => stranger.dial(address).catch(() => null));
  const honest = await openStranger();
  await expect(honest.dial(address)).resolves.toMatchObject({status: 'open'});
  await Promise.all(dials);
  expect(tab.guard.visits.count).toBeLessThanOrEqual(32);
  await expect
    .poll(() => unfinished.filter((stream) => stream?.status === 'open').length, PATIENT)
    .toBeLessThan(20);
});

test('[GD6] one peer has two relayed connections at a tab, and no other protocol than signaling on them', async () => {
  const relay = await openRelay();
  const tab = await openTab([relay]);
  const address = await relayedAddress(tab, relay);
  const stranger = await openStranger();
  for (let k = 0; k < 4; k += 1) await stranger.dial(address, {force: true});
  await expect.poll(() => tab.libp2p.getConnections(stranger.peerId).length, PATIENT).toBe(2);
  const [connection] = stranger.getConnections(tab.libp2p.peerId).slice(-1);
  for (const protocol of [PING_PROTOCOL, FRAMES_PROTOCOL, '/ipfs/id/1.0.0']) {
    const opening = connection?.newStream(protocol, {runOnLimitedConnection: true});
    const stream = await opening?.catch(() => undefined);
    if (stream !== undefined) await expect.poll(() => stream.status, PATIENT).not.toBe('open');
  }
});

test('[GD7] a full table keeps nobody out: strangers give way to those that come, and before peers that are known', async () => {
  const tab = await openTab([], {maxDirect: 3});
  const known = await openStranger();
  tab.guard.acquaint({isKnown: (peer) => peer === idOf(known), isBusy: () => false});
  await known.dial(directAddress(tab));
  const strangers = await Promise.all(Array.from({length: 6}, openStranger));
  for (const stranger of strangers) await stranger.dial(directAddress(tab));
  await expect.poll(() => tab.libp2p.getConnections().length, PATIENT).toBe(3);
  const peers = tab.libp2p.getPeers().map(String);
  expect(peers).toContain(idOf(known));
  expect(peers).toContain(strangers.at(-1)?.peerId.toString());
});

test('[GD8] a peer that floods a tab with pings is cut off and not let in again, and honest pings are answered', async () => {
  const tab = await openTab([]);
  const [flooder, honest] = [await openStranger(), await openStranger()];
  const connection = await flooder.dial(directAddress(tab));
  const stream = await connection.newStream(PING_PROTOCOL);
  for (let k = 0; k < 1_000 && stream.status === 'open'; k += 1) stream.send(new Uint8Array(32));
  await expect.poll(() => connection.status, PATIENT).not.toBe('open');
  await expect.poll(() => tab.libp2p.getConnections().length, PATIENT).toBe(0);
  const again = await flooder.dial(directAddress(tab)).catch(() => null);
  await expect.poll(() => again?.status, PATIENT).not.toBe('open');
  const friend = await honest.dial(directAddress(tab));
  await tab.libp2p.services.ping.ping(friend.remotePeer).catch(() => undefined);
  const echo = await friend.newStream(PING_PROTOCOL);
  const answered = new Promise((resolve) => {
    echo.addEventListener('message', ({data}) => resolve(data.byteLength));
  });
  echo.send(new Uint8Array(32));
  expect(await answered).toBe(32);
});

test('[GD8] so is who floods its link, or opens streams without end', async () => {
  const tab = await openTab([]);
  const transport = await openLibp2pStreamTransport({
    libp2p: tab.libp2p,
    addressesOf: () => [],
    onFlood: tab.guard.shutOut,
  });
  closers.push(async () => transport.close());
  const [pinging, opening] = [await openStranger(), await openStranger()];
  const link = await pinging.dialProtocol(directAddress(tab), FRAMES_PROTOCOL);
  for (let k = 0; k < 1_000 && link.status === 'open'; k += 1) link.send(encodeWord(PING));
  await expect.poll(() => link.status, PATIENT).not.toBe('open');
  const connection = await opening.dial(directAddress(tab));
  for (let k = 0; k < 100 && connection.status === 'open'; k += 1) {
    await connection.newStream(PING_PROTOCOL).catch(() => undefined);
  }
  await expect.poll(() => tab.libp2p.getConnections().length, PATIENT).toBe(0);
  expect(transport.traffic()).toMatchObject([{peerId: idOf(pinging), violations: 1}]);
});

test('[GD9] nothing is kept of a peer that has gone', async () => {
  const server = await openRelay();
  const tab = await openTab([server]);
  await relayedAddress(tab, server);
  const stranger = await openStranger();
  await stranger.dial(directAddress(tab));
  await expect.poll(() => tab.libp2p.getPeers().length, PATIENT).toBe(2);
  await stranger.stop();
  const remembered = async () => (await tab.libp2p.peerStore.all()).map(({id}) => id.toString());
  await expect.poll(remembered, PATIENT).not.toContain(idOf(stranger));
  expect(await remembered()).toContain(idOf(server));
});
