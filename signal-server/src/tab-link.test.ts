import {peerIdFromString} from '@libp2p/peer-id';
import {afterEach, expect, test} from 'vitest';
import {isWeftError} from '#shared/errors.ts';
import type {SignalServer} from './start-signal-server.ts';
import {createTab, type Tab} from './testing/create-tab.ts';
import {openServer} from './testing/open-client.ts';
import {startStallingProxy, type StallingProxy} from './testing/stalling-proxy.ts';

/** For a machine ten times slower: only a test that hangs waits so long. */
const PATIENT = {timeout: 60_000};

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
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

/** Why the link was not there, as far as it said. */
const causesOf = (tab: Tab): string[] =>
  tab.states.flatMap((state) =>
    state.kind === 'connecting' && isWeftError(state.lastCause)
      ? [state.lastCause.detail.code]
      : [],
  );

test('[SL1] a server that falls silent is found out, its socket ended, and the tab back by itself', async () => {
  const {proxy, server} = await createWorld();
  const tab = await joined({serverUrl: proxy.url});
  proxy.stallOpen();
  tab.link.suspect(server.peerId);
  await expect.poll(() => causesOf(tab), PATIENT).toContain('SERVER_SILENT');
  await expect.poll(() => tab.link.state().kind, PATIENT).toBe('connected');
  await expect.poll(() => tab.addresses()[0], PATIENT).toContain('/p2p-circuit');
});

test('[SL2] a server that comes back under another key is joined, and the old one forgotten', async () => {
  const {proxy, server} = await createWorld();
  const tab = await joined({serverUrl: proxy.url});
  const old = peerIdFromString(server.peerId);
  await server.close();
  const next = await startBehind(proxy);
  expect(next.peerId).not.toBe(server.peerId);
  await expect.poll(() => tab.addresses()[0], PATIENT).toContain(next.peerId);
  expect(tab.link.namedServers().map(({peerId}) => peerId)).toEqual([next.peerId]);
  await expect.poll(() => tab.libp2p.peerStore.has(old), PATIENT).toBe(false);
  expect(tab.libp2p.getPeers().map(String)).toEqual([next.peerId]);
});
