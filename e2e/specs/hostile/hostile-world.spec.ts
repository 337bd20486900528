import {open} from 'node:fs/promises';
import {expect, test, type Page} from '@playwright/test';
import {assert} from '#shared/base/assert.ts';
import {parseManifest} from '#shared/model/manifest/parse-manifest.ts';
import {beforeNextWorker} from '../../swarm/faults/before-next-worker.ts';
import {greedyRequest} from '../../swarm/ask.ts';
import {startTinySwarm, type TinySwarm} from '../../swarm/start-tiny-swarm.ts';

const LOAD_TIMEOUT_MS = 120_000;
const QUESTION = 'What is the capital of France?';

let tiny: TinySwarm;
test.beforeAll(async () => {
  tiny = await startTinySwarm();
});
test.afterAll(async () => {
  await tiny.stop();
});
// Each begins in an empty swarm.
test.afterEach(async () => {
  const {tabs, server} = tiny.swarm;
  await Promise.all(tabs.map((tab) => tab.close()));
  await expect.poll(() => server.counters().dhtRecords).toBe(0);
});

const lend = (engine: 'wasm' | 'stub', maxLayers: number) =>
  ({engine, capacity: {kind: 'layers', maxLayers}}) as const;

/** Flips a bit of the model file; the manifest stays as it was. @returns puts it right again. */
async function flipBit(at: number): Promise<() => Promise<void>> {
  const flip = async (): Promise<void> => {
    const file = await open(tiny.model.path, 'r+');
    const {buffer} = await file.read(Buffer.alloc(1), 0, 1, at);
    await file.write(Buffer.of((buffer[0] ?? 0) ^ 1), 0, 1, at);
    await file.close();
  };
  await flip();
  return flip;
}

test('[HW1] one altered byte of one tensor: the tab names the tensor and never serves', async () => {
  const {swarm, model} = tiny;
  const manifestUrl = new URL('catalog/model.manifest.json', `${swarm.server.url}/`);
  const manifest = parseManifest(await (await fetch(manifestUrl)).json());
  const tensor = manifest.tensors.find(({name}) => name === 'blk.2.ffn_up.weight');
  if (tensor === undefined) throw new Error('the manifest has this tensor');
  const putRight = await flipBit(tensor.offsetBytes + 1234);
  try {
    const tab = await swarm.openLendingTab(lend('wasm', 5), {model: model.id});
    const state = await tab.waitForLendState(['serving', 'failed'], {timeoutMs: LOAD_TIMEOUT_MS});
    expect(state).toMatchObject({kind: 'failed', code: 'TENSOR_ALTERED'});
    expect(state.kind === 'failed' ? state.message : '').toContain(tensor.name);
    const client = await swarm.openTab({model: model.id});
    const kinds: string[] = [];
    const abort = new AbortController();
    const asking = client.ask(greedyRequest(QUESTION), {
      signal: abort.signal,
      onEvent: (event) => {
        kinds.push(event.kind);
        if (event.kind === 'waiting') abort.abort();
      },
    });
    await expect(asking).rejects.toThrow();
    expect(kinds.filter((kind) => kind !== 'vocabulary')).toEqual(['prompt', 'waiting']);
  } finally {
    await putRight();
  }
});

/** As a processor with a fault would: every sum of attention's shares is a twentieth too large. */
const WRONG_SUMS = `
  const fill = Float32Array.prototype.fill;
  Float32Array.prototype.fill = function (value, ...range) {
    return fill.call(this, value === 1 ? 1.05 : value, ...range);
  };`;

test('[HW4] [PE6] a device that computes nonsense sees which layers are wrong, and never serves', async () => {
  const {swarm, model} = tiny;
  const tab = await swarm.openTab({model: model.id});
  await beforeNextWorker(tab.page, WRONG_SUMS);
  await tab.lend(lend('wasm', 10));
  const state = await tab.waitForLendState(['serving', 'failed'], {timeoutMs: LOAD_TIMEOUT_MS});
  expect(state).toMatchObject({kind: 'failed', code: 'GOLDEN_TEST_FAILED'});
  await expect(tab.page.getByRole('alert')).toHaveText(
    /This device gives other numbers in layers \d+–\d+ than the model has to: they differ by [\d.]+ %, so nothing is served from here: try again, or lend another device\./u,
  );
});

/** As on a network that lets no peer connection through: every candidate is dropped. */
const BLOCK_WEBRTC = `
  RTCPeerConnection.prototype.addIceCandidate = () => Promise.resolve();
  const setRemote = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    const sdp = description.sdp.replaceAll(/a=candidate:.*\\r\\n/gu, '');
    return setRemote.call(this, {type: description.type, sdp});
  };
`;

test('[HW2] where WebRTC is blocked the answer waits and says why, and still nothing passes the server', async () => {
  const {swarm, model} = tiny;
  const before = swarm.server.counters().relayedBytes;
  const blocked = {model: model.id, initScript: BLOCK_WEBRTC};
  const tab = await swarm.openLendingTab(lend('stub', model.grid.layerCount), blocked);
  await tab.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
  const client = await swarm.openTab(blocked);
  const abort = new AbortController();
  const reasons: string[] = [];
  const asking = client.ask(greedyRequest(QUESTION), {
    signal: abort.signal,
    onEvent: (event) => {
      if (event.kind !== 'waiting') return;
      reasons.push(...event.missing.map(({why}) => why));
      abort.abort();
    },
  });
  await expect(asking).rejects.toThrow();
  expect(reasons).toEqual(['silent']);
  expect(await client.links()).toEqual([]);
  // Signaling was tried, so the counter is not blind; no activation is that small.
  const relayedBytes = swarm.server.counters().relayedBytes - before;
  expect(relayedBytes).toBeGreaterThan(0);
  expect(relayedBytes).toBeLessThan(64 * 1024);
});

test('[HW3] an answer waits for missing layers and begins when a tab that holds them joins', async () => {
  const {swarm, model} = tiny;
  const half = model.grid.layerCount / 2;
  const first = await swarm.openLendingTab(lend('stub', half), {model: model.id});
  await first.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
  const client = await swarm.openTab({model: model.id});
  const missing: unknown[] = [];
  let tokens = 0;
  const joined: Promise<unknown>[] = [];
  await client.ask(greedyRequest(QUESTION, {maxNewTokens: 4}), {
    onEvent: (event) => {
      if (event.kind === 'token') tokens += 1;
      if (event.kind !== 'waiting') return;
      missing.push(...event.missing);
      if (joined.length === 0)
        joined.push(swarm.openLendingTab(lend('stub', half), {model: model.id}));
    },
  });
  await Promise.all(joined);
  expect(missing[0]).toMatchObject({startLayer: half, endLayer: model.grid.layerCount});
  expect(tokens).toBe(4);
});

/** As a person decides it in the browser's own prompt or settings, which a headless one does not show. */
async function decideLocalNetwork(page: Page, setting: PermissionState): Promise<void> {
  const target = await page.context().newCDPSession(page);
  const {browserContextId} = (await target.send('Target.getTargetInfo')).targetInfo;
  assert(browserContextId !== undefined, 'a page is in a browser context');
  const browser = await page.context().browser()?.newBrowserCDPSession();
  for (const name of ['local-network', 'loopback-network']) {
    await browser?.send('Browser.setPermission', {permission: {name}, setting, browserContextId});
  }
}

test('[LO5] a page from a public address asks in words before the browser does, and then uses a local server; where that is denied it joins without', async () => {
  const {swarm, model, stop} = await startTinySwarm({
    serverProcesses: 2,
    publicHost: 'weft.example',
  });
  try {
    const localUrl = swarm.serverProcesses[1]?.url ?? '';
    const openWith = async (setting: PermissionState) => {
      const heard: string[] = [];
      const tab = await swarm.openTab({
        model: model.id,
        prepare: async (page) => {
          await decideLocalNetwork(page, setting);
          page.on('websocket', (socket) => {
            socket.on('framereceived', () => heard.push(new URL(socket.url()).host));
          });
        },
      });
      await tab.lend(lend('stub', model.grid.layerCount));
      await tab.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
      return {tab, heard, isLocalHeard: () => heard.includes(new URL(localUrl).host)};
    };
    const asked = await openWith('prompt');
    const question = asked.tab.page.getByRole('dialog', {
      name: 'Use a server in your local network?',
    });
    await expect(question).toContainText('127.0.0.1');
    expect(asked.isLocalHeard()).toBe(false);
    await decideLocalNetwork(asked.tab.page, 'granted');
    await question.getByRole('button', {name: 'Continue'}).click();
    await expect.poll(asked.isLocalHeard).toBe(true);
    await expect(question).toBeHidden();
    const denied = await openWith('denied');
    expect(denied.heard.length).toBeGreaterThan(0);
    expect(denied.isLocalHeard()).toBe(false);
    await expect(denied.tab.page.getByRole('dialog')).toBeHidden();
  } finally {
    await stop();
  }
});
