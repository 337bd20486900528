import {createServer, type Server} from 'node:net';
import {generateKeyPair} from '@libp2p/crypto/keys';
import type {Libp2p} from '@libp2p/interface';
import {noise} from '@libp2p/noise';
import {peerIdFromPrivateKey, peerIdFromString} from '@libp2p/peer-id';
import {webSockets} from '@libp2p/websockets';
import {yamux} from '@libp2p/yamux';
import {multiaddr} from '@multiformats/multiaddr';
import {createLibp2p} from 'libp2p';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {listenOnLoopback} from '../../testing/loopback-port.ts';
import {asPeerId, type PeerId} from '../../base/ids.ts';
import {openLibp2pStreamTransport} from '../libp2p-stream-transport.ts';
import {mayDial, signalingAddresses} from './dialled-addresses.ts';
import {TabGuard} from '../guard/tab-guard.ts';

const [serverId, otherId, peerId] = await Promise.all([newId(), newId(), newId()]);
const named = [{peerId: serverId, addresses: ['/ip4/192.0.2.1/tcp/443/tls/ws']}];

async function newId(): Promise<PeerId> {
  return asPeerId(peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString());
}

test('[GD1] a tab dials named servers where the bootstrap says, and peers by signaling through them', () => {
  const at = '/ip4/192.0.2.1/tcp/443/tls/ws';
  const allowed = [
    at,
    `${at}/p2p/${serverId}`,
    `${at}/p2p/${serverId}/p2p-circuit/webrtc/p2p/${peerId}`,
  ];
  const denied = [
    `${at}/p2p/${otherId}`,
    `${at}/p2p/${otherId}/p2p-circuit/webrtc/p2p/${peerId}`,
    `${at}/p2p/${serverId}/p2p-circuit/p2p/${peerId}`,
    `${at}/http-path/admin/p2p/${serverId}`,
    `/ip4/192.168.0.1/tcp/80/ws/p2p/${serverId}`,
    `/ip4/192.168.0.1/tcp/80/ws/p2p/${serverId}/p2p-circuit/webrtc/p2p/${peerId}`,
    `${at}/p2p/${serverId}/p2p-circuit/p2p/${otherId}/p2p-circuit/webrtc/p2p/${peerId}`,
    `/ip4/192.168.0.1/udp/9/webrtc-direct/p2p/${peerId}`,
    `/ip4/192.168.0.1/udp/9/quic-v1/webtransport/p2p/${peerId}`,
    `/dns4/router.local/tcp/80/ws/p2p/${peerId}`,
    `/dnsaddr/example.org/p2p/${peerId}`,
    `/webrtc/p2p/${peerId}`,
  ];
  const all = [...allowed, ...denied];
  expect(all.filter((text) => mayDial(multiaddr(text), named))).toEqual(allowed);
  expect(all.filter((text) => mayDial(multiaddr(text), []))).toEqual([]);
});

test('[GD2] of the addresses in a record only the relay is taken, and where that is, the bootstrap says', () => {
  const listed = [
    'no address',
    `/ip4/192.168.0.1/tcp/80/ws/p2p/${peerId}`,
    `/dns4/localhost/tcp/1/ws/p2p/${serverId}/p2p-circuit/webrtc/p2p/${peerId}`,
    `/ip4/192.168.0.1/tcp/1/ws/p2p/${otherId}/p2p-circuit/webrtc/p2p/${peerId}`,
  ];
  expect(signalingAddresses(listed, peerId, named)).toEqual([
    `/ip4/192.0.2.1/tcp/443/tls/ws/p2p/${serverId}/p2p-circuit/webrtc/p2p/${peerId}`,
  ]);
  expect(signalingAddresses(listed, otherId, named)).toEqual([]);
});

let target: Server;
let port = 0;
let dials = 0;
const nodes: Libp2p[] = [];
beforeEach(async () => {
  dials = 0;
  target = createServer((socket) => {
    dials += 1;
    socket.destroy();
  });
  port = await listenOnLoopback(target);
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map(async (node) => node.stop()));
  target.close();
});

const strange = () => [
  `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${peerId}`,
  `/dns4/localhost/tcp/${port}/ws/http-path/admin%3Fx=1/p2p/${peerId}`,
  `/ip4/127.0.0.1/tcp/${port}/tls/ws/p2p/${peerId}`,
  `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${otherId}/p2p-circuit/webrtc/p2p/${peerId}`,
];

async function openNode(guard: TabGuard | null): Promise<Libp2p> {
  const node = await createLibp2p({
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: guard?.gater ?? {denyDialMultiaddr: () => false},
  });
  nodes.push(node);
  return node;
}

test('[GD3] a record with sockets of its owner’s choice is knocked at by nobody', async () => {
  const libp2p = await openNode(null);
  const transport = await openLibp2pStreamTransport({libp2p, addressesOf: strange});
  const connecting = transport.connect(peerId, {signal: AbortSignal.timeout(30_000)});
  await expect(connecting).rejects.toMatchObject({detail: {code: 'PEER_UNREACHABLE'}});
  expect(dials).toBe(0);
});

test('[GD3] nor is what libp2p learnt of a peer by other ways', async () => {
  const libp2p = await openNode(new TabGuard({namedServers: () => named}));
  const stranger = peerIdFromString(peerId);
  const multiaddrs = strange().map((text) => multiaddr(text));
  await libp2p.peerStore.merge(stranger, {multiaddrs});
  await expect(libp2p.dial(stranger)).rejects.toThrow('denied');
  expect(dials).toBe(0);
  // The same addresses without the guard: the test can see a dial.
  const open = await openNode(null);
  await open.dial(multiaddrs).catch(() => undefined);
  expect(dials).toBeGreaterThan(0);
});
