import {multiaddr} from '@multiformats/multiaddr';
import {afterEach, expect, test} from 'vitest';
import {putRecord} from '#shared/directory/libp2p/put-record.ts';
import type {SignalServer} from '../start-signal-server.ts';
import {startForwarder} from '../testing/forward-from.ts';
import {openClient, openServer, type Client} from '../testing/open-client.ts';
import {openRawSocket, upgradeRequest, type RawSocket} from '../testing/raw-socket.ts';

/** However slow the machine is, nobody in these tests grows old, and no record expires. */
const ALWAYS_YOUNG = {youngMs: Infinity};
const NOW_MS = Date.now();

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function open(
  config: Parameters<typeof openServer>[0] = {},
  limits: Parameters<typeof openServer>[1] = {},
): Promise<SignalServer> {
  const server = await openServer(config, {...ALWAYS_YOUNG, ...limits}, () => NOW_MS);
  closers.push(async () => await server.close());
  return server;
}

async function join(
  server: Pick<SignalServer, 'port' | 'peerId'>,
  options?: Parameters<typeof openClient>[1],
): Promise<Client> {
  const client = await openClient(server, options);
  closers.push(async () => await client.stop());
  return client;
}

async function serve(client: Client): Promise<void> {
  const {libp2p, connection} = client;
  const put = {libp2p, server: connection.remotePeer, signal: AbortSignal.timeout(60_000)};
  expect(await putRecord({...put, sealed: await client.seal({seq: NOW_MS})})).toEqual({
    kind: 'stored',
  });
}

const isOpen = ({connection}: Client) => connection.status === 'open';

test('[LM5] one address that holds all connections keeps nobody out, and whoever serves stays', async () => {
  const server = await open({maxTabs: 2});
  const serving = await join(server);
  await serve(serving);
  const others: Client[] = [];
  for (let index = 0; index < 8; index += 1) others.push(await join(server));
  await expect.poll(() => others.filter(isOpen).length).toBe(3);
  expect(others.map(isOpen)).toEqual([false, false, false, false, false, true, true, true]);
  expect(isOpen(serving)).toBe(true);
  const {connections, refusals} = server.counters();
  expect(connections).toBe(4);
  expect(refusals['connection-crowded-out']).toBe(5);
});

test('[LM5] two addresses that fill the server with records shut out nobody from a third', async () => {
  const server = await open({maxTabs: 5});
  const strangers: Client[] = [];
  const joinFrom = async (fromAddress: string): Promise<Client> => {
    const forwarder = await startForwarder({fromAddress, port: server.port});
    closers.push(async () => await forwarder.close());
    return await join({port: forwarder.port, peerId: server.peerId});
  };
  for (let index = 0; index < 10; index += 1) {
    const stranger = await joinFrom(index % 2 === 0 ? '127.0.0.2' : '127.0.0.3');
    await serve(stranger);
    strangers.push(stranger);
  }
  const honest = await join(server);
  await expect.poll(() => strangers.filter(isOpen).length).toBe(9);
  // Strangers come back, and nobody has to serve to stay.
  const crowdedOut = () => server.counters().refusals['connection-crowded-out'] ?? 0;
  for (const fromAddress of ['127.0.0.2', '127.0.0.3']) {
    const before = crowdedOut();
    // It is ended as soon as it is open for the server: its own end may still be at it.
    const again = await joinFrom(fromAddress).catch(() => null);
    await expect.poll(crowdedOut).toBeGreaterThan(before);
    await again?.stop();
  }
  expect(strangers.filter(isOpen)).toHaveLength(9);
  expect(isOpen(honest)).toBe(true);
  await serve(honest);
});

test('[LM6] a peer has four connections at most, the latest', async () => {
  const server = await open();
  const client = await join(server, {mayDialAgain: true});
  const address = multiaddr(`/ip4/127.0.0.1/tcp/${server.port}/ws/p2p/${server.peerId}`);
  for (let index = 0; index < 5; index += 1) await client.libp2p.dial(address, {force: true});
  const refused = () => server.counters().refusals['connection-of-same-peer'];
  await expect.poll(refused).toBe(2);
  expect(server.counters().connections).toBe(4);
  await expect.poll(() => isOpen(client)).toBe(false);
});

test('[LM2] behind a trusted proxy each stranger counts for themselves', async () => {
  const server = await open({trustedProxies: ['127.0.0.1']}, {maxSockets: 4});
  const upgrade = (ip: string) => {
    const socket = openRawSocket(server.port);
    socket.write(upgradeRequest('/', `X-Forwarded-For: 9.9.9.9, ${ip}\r\n`));
    return socket;
  };
  const alone = upgrade('198.51.100.8');
  await expect.poll(() => alone.received()).toContain('101');
  const crowd: RawSocket[] = [];
  for (let index = 0; index < 8; index += 1) {
    const socket = upgrade('198.51.100.7');
    await expect.poll(() => socket.received()).toContain('101');
    crowd.push(socket);
  }
  await expect.poll(() => crowd.filter((socket) => socket.isClosed()).length).toBe(5);
  expect(alone.isClosed()).toBe(false);
});
