import {expect, test, type Page} from '@playwright/test';
import {transportContract} from '#shared/transport/transport.contract.ts';
import type {PeerId} from '#shared/base/ids.ts';
import type {ChannelAttack} from '../pages/network/attack-channel.ts';
import type {FrameWay, NetworkControl} from '../pages/network/network-control.ts';
import {NetworkWorld, type NetworkTab} from '../pages/network/network-world.ts';
import {rendererProcessOf} from '../swarm/renderer-process.ts';
import {log} from '../swarm/test-log.ts';

declare const weftNet: NetworkControl;

/** Signaling of one link is a few KiB; the activations of this test are 4 MiB. */
const SIGNALING_BYTES_PER_LINK = 64 * 1024;
const BLAST = {frameCount: 64, frameBytes: 64 * 1024};
/** A record that is not renewed stays for at least 20 s, so a tab that is gone earlier was reported as gone. */
const LIST_TIMEOUT_MS = 15_000;

/** Half as long again as anybody waits for a peer that has never paused. */
const BUSY_MS = 6_000;

let world: NetworkWorld;
test.describe.configure({mode: 'serial'});
test.beforeAll(async () => {
  world = await NetworkWorld.start();
});
test.afterAll(async () => {
  await world.stop();
});

const listed = async (page: Page) => (await page.evaluate(() => weftNet.listed())).peerIds;
const idsOf = (...tabs: readonly NetworkTab[]) => tabs.map(({peerId}) => peerId).toSorted();
const limited = () => ({signal: AbortSignal.timeout(60_000)});

async function expectLists(tabs: readonly NetworkTab[], expected: readonly string[]) {
  for (const tab of tabs) {
    await expect.poll(() => listed(tab.page), {timeout: LIST_TIMEOUT_MS}).toEqual(expected);
  }
}

let a: NetworkTab;
let b: NetworkTab;

test('[NW1] tabs join through one port, isolated, and list each other within seconds', async () => {
  [a, b] = await Promise.all([world.openTab(), world.openTab()]);
  await expectLists([a, b], idsOf(a, b));
  expect([a.isIsolated, b.isIsolated]).toEqual([true, true]);
  expect([...a.errors, ...b.errors]).toEqual([]);
  log(`join: ${a.joinMs.toFixed(0)} ms, ${b.joinMs.toFixed(0)} ms`);
});

const WAYS: readonly (readonly [FrameWay, string])[] = [
  ['channels', 'data channels'],
  ['streams', 'libp2p streams'],
];

for (const [way, called] of WAYS) {
  for (const {name, run} of transportContract) {
    test(`[NW2] over ${called} between two tabs: ${name}`, async () => {
      const pair = {a: await a.openTransport({way}), b: await b.openTransport({way})};
      try {
        await run({
          ...pair,
          cut: () => a.page.evaluate(() => weftNet.cut()),
          close: async () => undefined,
        });
      } finally {
        await Promise.all([pair.a.close(), pair.b.close()]);
      }
    });
  }
}

const openHalves = ({page}: NetworkTab) => page.evaluate(() => weftNet.openHalves());

test('[NW9] whatever ends a link ends its channels in the worker', async () => {
  const [from, to] = [await a.openTransport(), await b.openTransport()];
  for (let round = 0; round < 3; round += 1) {
    await from.send(to.localPeerId, new Uint8Array(10), limited());
    await to.send(from.localPeerId, new Uint8Array(10), limited());
    for (const tab of [a, b]) await expect.poll(() => openHalves(tab)).toBe(2);
    await a.page.evaluate(() => weftNet.cut());
    for (const tab of [a, b]) await expect.poll(() => openHalves(tab)).toBe(0);
  }
  await from.send(to.localPeerId, new Uint8Array(10), limited());
  await expect.poll(() => openHalves(b)).toBe(1);
  await from.close();
  await expect.poll(() => openHalves(b)).toBe(0);
  await to.close();
});

test('[NW10] a worker that fails loses its links, with a code, and frames go on over streams', async () => {
  const [from, to] = [await a.openTransport(), await b.openTransport()];
  const arrived: number[] = [];
  to.onFrame((_, frame) => {
    arrived.push(frame.byteLength);
  });
  await from.send(to.localPeerId, new Uint8Array(1), limited());
  await expect.poll(() => arrived).toEqual([1]);
  const lost = new Promise((resolve) => {
    to.onPeerClosed(resolve);
  });
  for (const worker of a.page.workers()) {
    await worker.evaluate(() => {
      setTimeout(() => {
        throw new Error('A fault of the test');
      });
    });
  }
  expect(await lost).toBe(a.peerId);
  expect(await a.page.evaluate(() => weftNet.workerLosses())).toEqual(['LINK_WORKER_LOST']);
  await from.send(to.localPeerId, new Uint8Array(2), limited());
  await expect.poll(() => arrived).toEqual([1, 2]);
  expect([await openHalves(a), await openHalves(b)]).toEqual([0, 0]);
  await Promise.all([from.close(), to.close()]);
});

test('[NW11] a peer that breaks a promise on a data channel loses the link, and it is counted', async () => {
  const attacks: readonly ChannelAttack[] = [
    'text',
    'no-byte',
    'past-the-window',
    'id-of-the-other-side',
  ];
  const [from, to] = [await a.openTransport(), await b.openTransport()];
  // Frames are not dealt with before the end: the window stays as full as it gets.
  const gate = Promise.withResolvers<void>();
  to.onFrame(() => gate.promise);
  for (const [index, attack] of attacks.entries()) {
    await from.connect(to.localPeerId, limited());
    const how = {to: b.peerId, attack};
    await a.page.evaluate((options) => weftNet.attack(options), how);
    await expect.poll(() => b.page.evaluate(() => weftNet.violations())).toBe(index + 1);
  }
  gate.resolve();
  await from.send(to.localPeerId, new Uint8Array(1), limited());
  await Promise.all([from.close(), to.close()]);
});

test('[NW12] a page that is busy for longer than any silence is borne keeps its links; a tab that is stopped does not', async () => {
  const c = await world.openTab();
  await expectLists([a, b, c], idsOf(a, b, c));
  const [from, busy, stopped] = [
    await a.openTransport(),
    await b.openTransport(),
    await c.openTransport(),
  ];
  const losses: PeerId[] = [];
  from.onPeerClosed((peer) => losses.push(peer));
  for (const {localPeerId} of [busy, stopped]) {
    await from.send(localPeerId, new Uint8Array(1), limited());
    await from.measureRtt(localPeerId, limited());
  }
  const processId = await rendererProcessOf(c.page);
  process.kill(processId, 'SIGSTOP');
  try {
    await b.page.evaluate((forMs) => weftNet.block(forMs), BUSY_MS);
    await expect.poll(() => losses).toEqual([c.peerId]);
    await from.send(busy.localPeerId, new Uint8Array(2), limited());
    await from.measureRtt(busy.localPeerId, limited());
    expect(losses).toEqual([c.peerId]);
  } finally {
    process.kill(processId, 'SIGCONT');
  }
  await Promise.all([from.close(), busy.close()]);
  await c.page.close();
  await expectLists([a, b], idsOf(a, b));
});

test('[NW8] a lost link comes back, every time', async () => {
  const [from, to] = [await a.openTransport(), await b.openTransport()];
  const reconnectMs: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const startMs = performance.now();
    await from.send(to.localPeerId, new Uint8Array(10), limited());
    reconnectMs.push(Math.round(performance.now() - startMs));
    const lost = new Promise((resolve) => {
      to.onPeerClosed(resolve);
    });
    await a.page.evaluate(() => weftNet.cut());
    await lost;
  }
  log(`reconnects: ${reconnectMs.join(' ')} ms`);
  await Promise.all([from.close(), to.close()]);
});

test('[NW3] 4 MiB of frames pass directly: candidate types, and nothing but signaling on the server', async () => {
  const [from, to] = [await a.openTransport(), await b.openTransport()];
  await from.connect(to.localPeerId, limited());
  // The connection used for signaling says its goodbye through the relay.
  await expect.poll(() => world.server.counters().openRelayedConnections).toBe(0);
  const before = world.server.counters().relayedBytes;
  to.onFrame(() => undefined);
  const {elapsedMs} = await a.page.evaluate((options) => weftNet.blast(options), {
    ...BLAST,
    to: b.peerId,
  });
  expect(world.server.counters().relayedBytes - before).toBe(0);
  const {relayedBytes, relayedConnections} = world.server.counters();
  expect(relayedBytes).toBeGreaterThan(0);
  expect(relayedBytes).toBeLessThan(relayedConnections * SIGNALING_BYTES_PER_LINK);
  const link = (await a.page.evaluate(() => weftNet.links())).find(
    ({peerId}) => peerId === b.peerId,
  );
  expect(['host', 'prflx', 'srflx']).toContain(link?.localCandidateType);
  expect(['host', 'prflx', 'srflx']).toContain(link?.remoteCandidateType);
  expect(link?.bytesSent).toBeGreaterThan(BLAST.frameCount * BLAST.frameBytes);
  log(
    `4 MiB in ${elapsedMs.toFixed(0)} ms; relayed ${relayedBytes} bytes in ${relayedConnections} connections; ${JSON.stringify(link)}`,
  );
  await Promise.all([from.close(), to.close()]);
});

test('[NW4] without a direct path the transport refuses, and not one frame goes by the relay', async () => {
  const blocked = await world.openTab({isWebRtcBlocked: true});
  await expectLists([blocked], idsOf(a, b, blocked));
  const transport = await blocked.openTransport();
  const target = await a.openTransport();
  let frames = 0;
  target.onFrame(() => {
    frames += 1;
  });
  const before = world.server.counters();
  await expect(
    transport.send(target.localPeerId, new Uint8Array(100_000), limited()),
  ).rejects.toMatchObject({
    detail: {code: 'ONLY_RELAYED_PATH', peerId: a.peerId},
  });
  const after = world.server.counters();
  expect(after.relayedConnections).toBeGreaterThan(before.relayedConnections);
  expect(after.relayedBytes - before.relayedBytes).toBeLessThan(SIGNALING_BYTES_PER_LINK);
  expect(frames).toBe(0);
  await transport.close();
  await target.close();
  await blocked.page.evaluate(() => weftNet.leave());
  await blocked.page.close();
  await expectLists([a, b], idsOf(a, b));
});

const endings: readonly (readonly [string, (page: Page) => Promise<void>])[] = [
  ['is closed', (page) => page.close()],
  ['crashes', crash],
];

/** The renderer is gone without a word, as when the system kills it. */
async function crash(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  void session.send('Page.crash').catch(() => undefined);
  await crashed;
}

for (const [what, end] of endings) {
  test(`[NW5] a tab that ${what}: its neighbour loses the link, everybody drops its record`, async () => {
    const c = await world.openTab();
    await expectLists([a, b, c], idsOf(a, b, c));
    const [from, to] = [await c.openTransport(), await a.openTransport()];
    await from.send(to.localPeerId, new Uint8Array(10), limited());
    const lost = new Promise((resolve) => {
      to.onPeerClosed(resolve);
    });
    const endedAtMs = performance.now();
    const since = () => `${(performance.now() - endedAtMs).toFixed(0)} ms`;
    await end(c.page);
    const unlisted = expectLists([a, b], idsOf(a, b)).then(since);
    expect(await lost).toBe(c.peerId);
    const lostAfter = since();
    log(`a tab ${what}: link lost after ${lostAfter}, unlisted after ${await unlisted}`);
    await to.close();
  });
}

test('[TR37] a tab that has taken its record back is reached by one that never met it', async () => {
  const leaving = await world.openTab();
  await expectLists([a, b], idsOf(a, b, leaving));
  const to = await leaving.openTransport();
  await leaving.page.evaluate(() => weftNet.unlist());
  await expectLists([a, b], idsOf(a, b));
  const from = await a.openTransport();
  await from.send(to.localPeerId, new Uint8Array(10), limited());
  await Promise.all([from.close(), leaving.page.close()]);
});

test('[NW7] a reloaded tab keeps its peer id, and a second tab of the profile has another', async () => {
  const second = await world.openTab({besides: a});
  expect(second.peerId).not.toBe(a.peerId);
  await second.page.reload();
  await second.page.waitForFunction('globalThis.weftNet !== undefined');
  const again = await second.page.evaluate(() => weftNet.join());
  expect(again.peerId).toBe(second.peerId);
  await expectLists([a, b], idsOf(a, b, second));
  await second.page.close();
  await expectLists([a, b], idsOf(a, b));
});

test('[NW6] a server restart: links go on, and tabs are back under its new peer id', async () => {
  const [from, to] = [await a.openTransport(), await b.openTransport()];
  const arrived: number[] = [];
  to.onFrame((_, frame) => {
    arrived.push(frame.byteLength);
  });
  await from.send(to.localPeerId, new Uint8Array(1), limited());
  const {port, peerId: oldServerId} = world.server;
  await world.restartServer();
  await from.send(to.localPeerId, new Uint8Array(2), limited());
  await from.measureRtt(to.localPeerId, limited());
  await expect.poll(() => arrived).toEqual([1, 2]);
  expect(world.server.port).toBe(port);
  expect(world.server.peerId).not.toBe(oldServerId);
  for (const tab of [a, b]) {
    const serverId = () => tab.page.evaluate(() => weftNet.serverId());
    await expect.poll(serverId).toBe(world.server.peerId);
  }
  const d = await world.openTab();
  await expectLists([d, a, b], idsOf(a, b, d));
  const late = await d.openTransport();
  await late.send(to.localPeerId, new Uint8Array(3), limited());
  await expect.poll(() => arrived).toEqual([1, 2, 3]);
  await Promise.all([from.close(), to.close(), late.close()]);
});
