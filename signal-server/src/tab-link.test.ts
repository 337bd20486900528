import {noise} from '@libp2p/noise';
import {peerIdFromString} from '@libp2p/peer-id';
import {yamux} from '@libp2p/yamux';
import {multiaddr} from '@multiformats/multiaddr';
import {createLibp2p} from 'libp2p';
import {afterEach, expect, test, vi} from 'vitest';
import {isWeftError} from '#shared/base/errors.ts';
import {asPeerId} from '#shared/base/ids.ts';
import {Listeners} from '#shared/base/listeners.ts';
import type {Directory} from '#shared/directory/directory.ts';
import {createEd25519Gater} from '#shared/transport/guard/gater/ed25519-gater.ts';
import {SwarmClock} from '#shared/transport/server-link/swarm-clock.ts';
import {endingWebSockets} from '#shared/transport/tab-node/ending-web-sockets.ts';
import {WebSocketPaths} from '#shared/transport/tab-node/web-socket-paths.ts';
import type {SignalServer} from './start-signal-server.ts';
import {createTab, type Tab} from './testing/create-tab.ts';
import {openServer} from './testing/open-client.ts';
import {startStallingProxy, type StallingProxy} from './testing/stalling-proxy.ts';

/** For a machine ten times slower: only a test that hangs waits so long. */
const PATIENT = {timeout: 50_000};

/** Of nobody. */
const HANGING_ID = asPeerId('12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5');

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  // Tabs say goodbye to servers that are still there.
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A server that tabs reach through a piece of network of the test's own. */
async function createWorld(): Promise<{
  readonly proxy: StallingProxy;
  readonly server: SignalServer;
}> {
  const proxy = await startStallingProxy();
  const server = await startBehind(proxy);
  closers.push(async () => await proxy.close());
  return {proxy, server};
}

async function startBehind(proxy: StallingProxy): Promise<SignalServer> {
  const server = await openServer({publicUrl: proxy.url});
  proxy.forwardTo(server.port);
  let closing: Promise<void> | null = null;
  const close = async () => await (closing ??= server.close());
  closers.push(close);
  return {...server, close};
}

async function joined(options: Parameters<typeof createTab>[0]): Promise<Tab> {
  const tab = await createTab(options);
  closers.push(async () => await tab.stop());
  await tab.link.connected;
  await expect.poll(() => tab.addresses()[0], PATIENT).toContain('/p2p-circuit');
  return tab;
}

const portOf = ({url}: StallingProxy): string => new URL(url).port;
const addressOf = (to: StallingProxy): string => `/ip4/127.0.0.1/tcp/${portOf(to)}/ws`;

/** Why there was no link, as far as known. */
const causesOf = (tab: Tab): string[] =>
  tab.states.flatMap((state) =>
    state.kind === 'connecting' && isWeftError(state.lastCause)
      ? [state.lastCause.detail.code]
      : [],
  );

/** The open sessions that a reader sees of the only tab that lends; `null` while it sees none. */
const seenBy = (reader: Directory): number | null => reader.list().records[0]?.openSessions ?? null;

test('[SL1] a server that was lost while the machine slept is found out, and the tab back with place and record', async () => {
  const {proxy, server} = await createWorld();
  const beside = `/ip4/127.0.0.1/tcp/${server.port}/ws/p2p/${server.peerId}`;
  const readingTab = await joined({
    serverUrl: server.url,
    rewrite: (bootstrap) => ({...bootstrap, addresses: [beside]}),
  });
  const reader = await readingTab.openDirectory();
  let sleptMs = 0;
  const wallMs = () => Date.now() + sleptMs;
  const clock = new SwarmClock({stopwatchMs: () => performance.now(), wallMs});
  const tab = await joined({serverUrl: proxy.url, clock});
  const publisher = tab.publish(await tab.openDirectory());
  await expect.poll(() => seenBy(reader), PATIENT).toBe(0);
  proxy.stallOpen();
  publisher.update({openSessions: 7});
  sleptMs = 3_600_000;
  await expect.poll(() => causesOf(tab), PATIENT).toContain('SERVER_SILENT');
  await expect.poll(() => clock.isDoubtful(), PATIENT).toBe(false);
  expect(Math.abs(clock.nowMs() - Date.now())).toBeLessThan(10_000);
  await expect.poll(() => seenBy(reader), PATIENT).toBe(7);
  await expect.poll(() => tab.addresses()[0], PATIENT).toContain('/p2p-circuit');
});

test('[SL2] a server that comes back under another key has tabs and records again, and the old one is forgotten', async () => {
  const {proxy, server} = await createWorld();
  const readingTab = await joined({serverUrl: proxy.url});
  const reader = await readingTab.openDirectory();
  const tab = await joined({serverUrl: proxy.url});
  tab.publish(await tab.openDirectory());
  await expect.poll(() => seenBy(reader), PATIENT).toBe(0);
  const old = peerIdFromString(server.peerId);
  await server.close();
  await expect.poll(() => reader.list().state, PATIENT).toBe('unreachable');
  const next = await startBehind(proxy);
  expect(next.peerId).not.toBe(server.peerId);
  await expect.poll(() => next.counters().dhtRecords, PATIENT).toBe(1);
  await expect.poll(() => reader.list().state, PATIENT).toBe('reachable');
  expect(reader.list().records.length).toBe(1);
  await expect.poll(() => tab.addresses()[0], PATIENT).toContain(next.peerId);
  expect(tab.link.namedServers().map(({peerId}) => peerId)).toEqual([next.peerId]);
  await expect.poll(() => tab.libp2p.peerStore.has(old), PATIENT).toBe(false);
  expect(tab.libp2p.getPeers().map(String)).toEqual([next.peerId]);
});

test('[SL3] a connection that is aborted and a dial that is given up both end their sockets', async () => {
  const {proxy, server} = await createWorld();
  const libp2p = await createLibp2p({
    transports: [endingWebSockets(new WebSocketPaths().urlOf)],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: createEd25519Gater(),
  });
  closers.push(async () => await libp2p.stop());
  const address = multiaddr(`${addressOf(proxy)}/p2p/${server.peerId}`);
  const connection = await libp2p.dial(address);
  expect(proxy.openCount()).toBe(1);
  connection.abort(new Error('for the test'));
  await expect.poll(() => proxy.openCount(), PATIENT).toBe(0);

  proxy.stallNext(true);
  const givenUp = new AbortController();
  const dial = libp2p.dial(address, {signal: givenUp.signal});
  await expect.poll(() => proxy.openCount(), PATIENT).toBe(1);
  expect(proxy.closedCount()).toBe(1);
  givenUp.abort();
  await expect(dial).rejects.toBeInstanceOf(Error);
  // Node's own WebSocket then tries once more, so that one is open still.
  await expect.poll(() => proxy.closedCount(), PATIENT).toBe(2);
});

test('[SL4] all named servers are linked side by side: one that hangs or is down costs nothing', async () => {
  const hanging = await startStallingProxy();
  hanging.stallNext(true);
  closers.push(async () => await hanging.close());
  const {proxy, server} = await createWorld();
  const second = await createWorld();
  const other = await createWorld();
  await other.server.close();
  const peers = [
    {
      peerId: other.server.peerId,
      addresses: [`${addressOf(other.proxy)}/p2p/${other.server.peerId}`],
    },
    {peerId: HANGING_ID, addresses: [`${addressOf(hanging)}/p2p/${HANGING_ID}`]},
    {
      peerId: second.server.peerId,
      addresses: [`${addressOf(second.proxy)}/p2p/${second.server.peerId}`],
    },
  ];
  const tab = await joined({
    serverUrl: proxy.url,
    rewrite: (bootstrap) => ({...bootstrap, peers}),
  });
  const connected = () => tab.libp2p.getPeers().map(String).toSorted();
  const up = [server.peerId, second.server.peerId].toSorted();
  await expect.poll(connected, PATIENT).toEqual(up);
  // With the page's own server gone the tab goes on with the other one, its place included.
  await server.close();
  await expect.poll(() => tab.addresses().join(), PATIENT).toContain(second.server.peerId);
  expect(tab.link.state().kind).toBe('connected');
});

test('[SL5] a server that did not say who it is at the first try is asked until it has given a place', async () => {
  const {proxy} = await createWorld();
  let failuresLeft = 3;
  const tab = await joined({
    serverUrl: proxy.url,
    beforeIdentify: () => {
      failuresLeft -= 1;
      if (failuresLeft >= 0) throw new Error('a busy machine');
    },
  });
  expect(failuresLeft).toBeLessThan(0);
  expect(tab.addresses()[0]).toContain('/p2p-circuit');
});

test('[SL6] says whether nobody answers at all, or only no WebSocket opens', async () => {
  const {proxy, server} = await createWorld();
  const closed = await startStallingProxy();
  await closed.close();
  const address = `${addressOf(closed)}/p2p/${server.peerId}`;
  const blocked = await createTab({
    serverUrl: proxy.url,
    rewrite: (bootstrap) => ({...bootstrap, addresses: [address]}),
  });
  const alone = await createTab({serverUrl: closed.url});
  closers.push(
    async () => await blocked.stop(),
    async () => await alone.stop(),
  );
  await expect.poll(() => causesOf(blocked)[0], PATIENT).toBe('SERVER_SOCKET_FAILED');
  await expect.poll(() => causesOf(alone)[0], PATIENT).toBe('BOOTSTRAP_FAILED');
});

test('[SL7] listens for changes of the network until it is stopped', async () => {
  const listeners = new Set<() => void>();
  const onNetworkChange = (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const stalled = await startStallingProxy();
  closers.push(async () => await stalled.close());
  const tab = await createTab({serverUrl: stalled.url, onNetworkChange});
  expect(listeners.size).toBe(1);
  await tab.stop();
  expect(listeners.size).toBe(0);
});

test('[SL8] a tab that has lost its place walks through no DHT to find another', async () => {
  const {proxy, server} = await createWorld();
  const tab = await joined({serverUrl: proxy.url});
  const walks = vi.spyOn(tab.libp2p.peerRouting, 'getClosestPeers');
  await server.close();
  await expect.poll(() => tab.addresses(), PATIENT).toEqual([]);
  const next = await startBehind(proxy);
  await expect.poll(() => tab.addresses()[0], PATIENT).toContain(next.peerId);
  expect(walks).not.toHaveBeenCalled();
});

test('[SL9] a link that is paused dials nobody, and is back with place and record once it is resumed', async () => {
  const {proxy, server} = await createWorld();
  const reader = await (await joined({serverUrl: proxy.url})).openDirectory();
  const tab = await joined({serverUrl: server.url});
  tab.publish(await tab.openDirectory());
  await expect.poll(() => seenBy(reader), PATIENT).toBe(0);
  tab.link.pause();
  for (const connection of tab.libp2p.getConnections()) connection.abort(new Error('away'));
  await expect.poll(() => seenBy(reader), PATIENT).toBe(null);
  // Others join meanwhile, which takes longer than a lost link waits before it tries again.
  await joined({serverUrl: proxy.url});
  expect(tab.libp2p.getConnections()).toEqual([]);
  tab.link.resume();
  await expect.poll(() => seenBy(reader), PATIENT).toBe(0);
  await expect.poll(() => tab.addresses()[0], PATIENT).toContain('/p2p-circuit');
});

test('[SL10] a link tells when its tab is back: from a sleep, from another page, or with another network', async () => {
  const {server} = await createWorld();
  const network = new Listeners();
  let sleptMs = 0;
  const wallMs = () => Date.now() + sleptMs;
  const clock = new SwarmClock({stopwatchMs: () => performance.now(), wallMs});
  const onNetworkChange = (listener: () => void) => network.add(listener);
  const {link} = await joined({serverUrl: server.url, clock, onNetworkChange});
  let count = 0;
  link.onReturn(() => (count += 1));
  sleptMs = 3_600_000;
  await expect.poll(() => count, PATIENT).toBeGreaterThan(0);
  const afterSleep = count;
  network.call();
  expect(count).toBe(afterSleep + 1);
  link.pause();
  link.resume();
  expect(count).toBe(afterSleep + 2);
});
