import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {circuitRelayTransport} from '@libp2p/circuit-relay-v2';
import {generateKeyPair} from '@libp2p/crypto/keys';
import {identify} from '@libp2p/identify';
import type {Libp2p, PrivateKey} from '@libp2p/interface';
import {noise} from '@libp2p/noise';
import {webSockets} from '@libp2p/websockets';
import {yamux} from '@libp2p/yamux';
import {multiaddr} from '@multiformats/multiaddr';
import {createLibp2p} from 'libp2p';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {createEd25519Gater} from '#shared/transport/guard/gater/ed25519-gater.ts';
import {fetchBootstrap} from '#shared/transport/server-link/fetch-bootstrap.ts';
import {openLibp2pStreamTransport} from '#shared/transport/libp2p-stream-transport.ts';
import {startServerLink} from '#shared/transport/server-link/server-link.ts';
import {asPeerId} from '#shared/base/ids.ts';
import {startSignalServer, type SignalServer} from './start-signal-server.ts';

let staticDir: string;
let server: SignalServer;

beforeAll(async () => {
  staticDir = await mkdtemp(join(tmpdir(), 'weft-server-'));
  await writeFile(join(staticDir, 'index.html'), '<!doctype html>');
  server = await startSignalServer({port: 0, staticDir});
});
afterAll(async () => {
  await server.close();
  await rm(staticDir, {recursive: true});
});

/** A node that can be reached through the relay alone, as a tab without WebRTC. */
async function createRelayedNode(privateKey?: PrivateKey): Promise<Libp2p> {
  return await createLibp2p({
    ...(privateKey && {privateKey}),
    addresses: {listen: ['/p2p-circuit']},
    transports: [webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: createEd25519Gater(),
    services: {identify: identify()},
  });
}

async function joinServer(libp2p: Libp2p) {
  const link = startServerLink({
    libp2p,
    fetchBootstrap: (options) => fetchBootstrap(server.url, options),
  });
  await link.connected;
  return link;
}

const addressesOf = (libp2p: Libp2p) => libp2p.getMultiaddrs().map(String);

test('[SS10] page, bootstrap and libp2p share one port', async () => {
  expect((await fetch(server.url)).headers.get('Content-Type')).toContain('text/html');
  const {peerId, addresses} = await fetchBootstrap(server.url, {
    signal: AbortSignal.timeout(30_000),
  });
  expect(peerId).toBe(server.peerId);
  expect(addresses).toEqual([`/ip4/127.0.0.1/tcp/${server.port}/ws/p2p/${server.peerId}`]);
  const node = await createRelayedNode();
  const link = await joinServer(node);
  await expect.poll(() => addressesOf(node)[0]).toContain('/p2p-circuit');
  expect(server.counters()).toMatchObject({connections: 1, reservations: 1});
  link.stop();
  await node.stop();
  await expect.poll(() => server.counters().reservations).toBe(0);
});

test('[SS11] counts what the relay forwards, and the transport never uses that path', async () => {
  const nodes = [await createRelayedNode(), await createRelayedNode()] as const;
  const links = [await joinServer(nodes[0]), await joinServer(nodes[1])];
  await expect.poll(() => addressesOf(nodes[1])[0]).toContain('/p2p-circuit');
  const before = server.counters();
  await nodes[0].dial(nodes[1].getMultiaddrs());
  const peer = asPeerId(nodes[1].peerId.toString());
  const transport = await openLibp2pStreamTransport({
    libp2p: nodes[0],
    addressesOf: () => addressesOf(nodes[1]),
  });
  const signal = AbortSignal.timeout(30_000);
  await expect(transport.send(peer, new Uint8Array(50_000), {signal})).rejects.toMatchObject({
    detail: {code: 'ONLY_RELAYED_PATH', peerId: peer},
  });
  const after = server.counters();
  expect(after.relayedConnections - before.relayedConnections).toBe(1);
  expect(after.openRelayedConnections).toBe(1);
  expect(after.relayedBytes).toBeGreaterThan(before.relayedBytes);
  expect(after.relayedBytes - before.relayedBytes).toBeLessThan(50_000);
  await transport.close();
  for (const connection of nodes[0].getConnections(nodes[1].peerId)) await connection.close();
  await expect.poll(() => server.counters().openRelayedConnections).toBe(0);
  for (const link of links) link.stop();
  await Promise.all(nodes.map(async (node) => node.stop()));
});

test('[SS12] a peer whose key is not Ed25519 is turned away', async () => {
  const node = await createRelayedNode(await generateKeyPair('secp256k1'));
  const {addresses} = await fetchBootstrap(server.url, {signal: AbortSignal.timeout(30_000)});
  await node.dial(addresses.map((text) => multiaddr(text))).catch(() => undefined);
  await expect.poll(() => node.getConnections().length).toBe(0);
  await node.stop();
});

test('[SS13] says so when the port is taken, and when there is no page', async () => {
  const taken = startSignalServer({port: server.port, staticDir});
  await expect(taken).rejects.toMatchObject({detail: {code: 'PORT_TAKEN', port: server.port}});
  const missing = startSignalServer({port: 0, staticDir: join(staticDir, 'none')});
  await expect(missing).rejects.toMatchObject({
    detail: {code: 'FOLDER_MISSING', variable: 'STATIC_DIR'},
  });
});

test('[SS14] a seed keeps the peer id over restarts', async () => {
  const keySeedHex = '07'.repeat(32);
  const first = await startSignalServer({port: 0, staticDir, keySeedHex});
  await first.close();
  const second = await startSignalServer({port: 0, staticDir, keySeedHex});
  await second.close();
  expect(second.peerId).toBe(first.peerId);
});
