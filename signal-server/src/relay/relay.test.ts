import {circuitRelayTransport} from '@libp2p/circuit-relay-v2';
import {identify} from '@libp2p/identify';
import type {Libp2p} from '@libp2p/interface';
import {noise} from '@libp2p/noise';
import {webSockets} from '@libp2p/websockets';
import {yamux} from '@libp2p/yamux';
import {multiaddr} from '@multiformats/multiaddr';
import {createLibp2p} from 'libp2p';
import {afterEach, expect, test, vi} from 'vitest';
import {createEd25519Gater} from '#shared/transport/guard/gater/ed25519-gater.ts';
import {openServer} from '../testing/open-client.ts';
import {spawnServer} from '../testing/spawn-server.ts';

type Server = {readonly url: string; readonly peerId: string};

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0).toReversed()) await close();
});

const addressOf = ({url, peerId}: Server) =>
  multiaddr(`/ip4/127.0.0.1/tcp/${new URL(url).port}/ws/p2p/${peerId}`);

/** A tab without WebRTC, connected to `server`. */
async function join(server: Server): Promise<Libp2p> {
  const node = await createLibp2p({
    addresses: {listen: ['/p2p-circuit']},
    transports: [webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: createEd25519Gater(),
    connectionMonitor: {enabled: false},
    services: {identify: identify()},
  });
  closers.push(async () => await node.stop());
  await node.dial(addressOf(server));
  return node;
}

const isReachable = (node: Libp2p) =>
  node.getMultiaddrs().some((address) => address.toString().includes('/p2p-circuit'));

const relayedAddress = (server: Server, target: Libp2p) =>
  addressOf(server).encapsulate(`/p2p-circuit/p2p/${target.peerId.toString()}`);

test('[RL1] a tab whose clock is an hour, a day or thirty years off can be dialled', async () => {
  const server = await spawnServer();
  closers.push(async () => await server.stop());
  const nowMs = Date.now();
  for (const hours of [-250_000, -24, -1, 1, 24, 250_000]) {
    vi.useFakeTimers({toFake: ['Date'], now: nowMs + hours * 3_600_000});
    const target = await join(server);
    await expect.poll(() => isReachable(target), {message: `${hours} hours`}).toBe(true);
    vi.useRealTimers();
    const source = await join(server);
    const connection = await source.dial(relayedAddress(server, target));
    expect(connection.limits).toBeDefined();
  }
});

test('[RL3] a place ends with the last connection of its peer', async () => {
  const server = await openServer();
  closers.push(async () => await server.close());
  const target = await join(server);
  await expect.poll(() => isReachable(target)).toBe(true);
  expect(server.counters().reservations).toBe(1);
  await target.stop();
  await expect.poll(() => server.counters().reservations).toBe(0);
});

test('[RL4] a relayed connection transfers a few KiB, then it ends', async () => {
  const server = await openServer();
  closers.push(async () => await server.close());
  const [target, source] = [await join(server), await join(server)];
  await expect.poll(() => isReachable(target)).toBe(true);
  let receivedBytes = 0;
  const options = {runOnLimitedConnection: true};
  await target.handle(
    '/free/tunnel',
    (stream) => {
      stream.addEventListener('message', ({data}) => {
        receivedBytes += data.byteLength;
      });
    },
    options,
  );
  const connection = await source.dial(relayedAddress(server, target));
  const stream = await connection.newStream('/free/tunnel', options);
  for (let sent = 0; sent < 16 && stream.status === 'open'; sent += 1) {
    stream.send(new Uint8Array(4_096));
  }
  await expect.poll(() => connection.status).not.toBe('open');
  expect(receivedBytes).toBeLessThanOrEqual(1 << 15);
  await expect.poll(() => server.counters().openRelayedConnections).toBe(0);
});
