import {expect, test} from '@playwright/test';
import {RECORD_MAX_BYTES, type NodeRecord} from '#shared/protocol/node-record.ts';
import {sealedByteLength} from '#shared/directory/records/signed-record.ts';
import {batchMs} from '#shared/scheduling/cost-model.ts';
import {askForAnswer, greedyRequest} from '../swarm/ask.ts';
import {startTinySwarm, type TinySwarm} from '../swarm/start-tiny-swarm.ts';
import type {Tab} from '../swarm/tab.ts';

const TAB_COUNT = 3;
const TIMEOUT_MS = 120_000;
/** Ten layers take so much more than what a busy machine adds to a step that no record changes with that. */
const LAYER_MS = 4;
/** What a stub declares for a token of one layer. */
const STUB_LAYER_MS = 0.25;
/** By so much timers are late in the background. */
const LATE = 2.5;
/** To this a stub of the tiny model says twenty tokens. */
const QUESTION = 'Which hop is slow?';

let tiny: TinySwarm;
let client: Tab;
let tabs: readonly Tab[];

test.beforeAll(async () => {
  tiny = await startTinySwarm();
  const {swarm, model} = tiny;
  const maxLayers = model.grid.layerCount / TAB_COUNT;
  const stubSlowdown = LAYER_MS / STUB_LAYER_MS;
  const lend = {engine: 'stub', stubSlowdown, capacity: {kind: 'layers', maxLayers}} as const;
  const open = () => swarm.openLendingTab(lend, {model: model.id});
  tabs = await Promise.all(Array.from({length: TAB_COUNT}, open));
  await Promise.all(tabs.map((tab) => tab.waitForLendState(['serving'], {timeoutMs: TIMEOUT_MS})));
  client = await swarm.openTab({model: model.id});
});

test.afterAll(async () => {
  await tiny.stop();
});

async function peerIdOf(tab: Tab): Promise<string> {
  return (await tab.traffic()).peerId;
}

async function recordOf(peerId: string): Promise<NodeRecord | undefined> {
  const records = await client.knownRecords();
  return records.find((record) => record.peerId === peerId);
}

/** One step of one session through one layer, as the record says. */
async function layerMsOf(peerId: string): Promise<number> {
  const record = await recordOf(peerId);
  return record === undefined ? Number.NaN : batchMs(record.decodeMsPerLayer, 1);
}

test('[PG37] a complete answer shows what a token took in each hop, and what was expected', async () => {
  const page = await tiny.swarm.openPage('');
  const box = page.getByRole('textbox', {name: 'Your question'});
  await box.fill(QUESTION);
  await box.press('Enter');
  const took = page.getByRole('list', {name: 'Chain'}).getByText(/took .* ms, expected .* ms/u);
  await expect(took).toHaveCount(TAB_COUNT, {timeout: TIMEOUT_MS});
  await page.context().close();
});

test('[ME2] a tab that is hidden is slower in its record until it is back', async () => {
  const [tab] = tabs;
  if (tab === undefined) throw new Error('there are tabs');
  const peerId = await peerIdOf(tab);
  const show = (state: DocumentVisibilityState) =>
    tab.page.evaluate((visibilityState) => {
      Object.defineProperty(document, 'visibilityState', {
        value: visibilityState,
        configurable: true,
      });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  // A session makes a record, and it says the speed of this moment: others may be ten seconds old.
  const {seq = 0} = (await recordOf(peerId)) ?? {};
  await askForAnswer(client, {...greedyRequest('Still there?'), maxNewTokens: 1});
  let visibleMs = 0;
  const isFresh = async (): Promise<boolean> => {
    const record = await recordOf(peerId);
    visibleMs = record === undefined ? 0 : batchMs(record.decodeMsPerLayer, 1);
    return record !== undefined && record.seq > seq && record.openSessions === 0;
  };
  await expect.poll(isFresh, {timeout: TIMEOUT_MS}).toBe(true);
  await show('hidden');
  const slowness = async (): Promise<number> => {
    return (await layerMsOf(peerId)) / visibleMs;
  };
  await expect.poll(slowness, {timeout: TIMEOUT_MS}).toBeGreaterThan(1.5);
  await show('visible');
  await expect.poll(slowness, {timeout: TIMEOUT_MS}).toBeLessThan(1.5);
});

test('[ME1] after an answer over three tabs their records say round trips, places and overhead', async () => {
  // In one piece however slow the tabs are: the rest of a longer one may be a single token, as a step is.
  const prompt = {kind: 'token-ids', tokenIds: [10, 11, 12, 13, 14, 15, 16, 17]} as const;
  const answer = await askForAnswer(client, greedyRequest('', {prompt, maxNewTokens: 16}));
  const chain = answer.chains.at(-1)?.map(({node}) => node) ?? [];
  expect(answer.served.map(({node}) => node)).toEqual(chain);
  expect(chain).toHaveLength(TAB_COUNT);
  for (const {predictedMs, observedMs, decodeSteps} of answer.served) {
    expect(decodeSteps).toBe(answer.tokenIds.length - 1);
    expect(predictedMs).toBeGreaterThan(0);
    expect(observedMs).toBeGreaterThan(0);
  }
  await expect
    .poll(async () => (await client.knownRecords()).filter(isMeasured).length, {
      timeout: TIMEOUT_MS,
    })
    .toBe(TAB_COUNT);
  for (const record of await client.knownRecords()) {
    expect(record.rtts.map(({peerId}) => peerId)).not.toContain(record.peerId);
    expect(sealedByteLength(record)).toBeLessThanOrEqual(RECORD_MAX_BYTES);
  }
});

function isMeasured(record: NodeRecord): boolean {
  const {rtts, coords, steady, hopOverheadMs, unreachable} = record;
  const isPlaced = coords !== null && rtts.length === TAB_COUNT - 1 && unreachable.length === 0;
  return isPlaced && steady !== null && hopOverheadMs > 0;
}

test('[ME3] a tab whose timers become late is slower in its record, though nobody asks it anything', async () => {
  const [, tab] = tabs;
  if (tab === undefined) throw new Error('there are tabs');
  const peerId = await peerIdOf(tab);
  await expect
    .poll(() => layerMsOf(peerId), {timeout: TIMEOUT_MS})
    .toBeLessThan(LATE * LAYER_MS * 0.75);
  await tab.page.evaluate(delayShortTimers, LATE);
  await expect
    .poll(() => layerMsOf(peerId), {timeout: TIMEOUT_MS})
    .toBeGreaterThan(LATE * LAYER_MS * 0.9);
});

/** As a browser does in the background: what a stub waits for takes so many times as long. */
function delayShortTimers(times: number): void {
  const setTimer = setTimeout.bind(globalThis);
  const late = (act: () => void, ms = 0): ReturnType<typeof setTimeout> =>
    setTimer(act, ms < 50 ? times * ms : ms);
  Object.assign(globalThis, {setTimeout: late});
}
