import {expect, test, type Page} from '@playwright/test';
import OpenAI from 'openai';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {askForAnswer, greedyRequest} from '../swarm/ask.ts';
import {startTinySwarm, type TinySwarm} from '../swarm/start-tiny-swarm.ts';
import type {Tab} from '../swarm/tab.ts';
import type {ServerProcess} from '../swarm/server/server-process.ts';

const LENDERS = 3;
const SHORT = greedyRequest('Who is there?', {maxNewTokens: 8});
/** Of tabs so slow that it outlasts what is done meanwhile: each token is work for all of them. */
const LONG_TOKENS = 120;
const LONG = greedyRequest('Who is there?', {maxNewTokens: LONG_TOKENS});

let tiny: TinySwarm;
let servers: readonly ServerProcess[];
let lenders: readonly Tab[];
let client: Tab;

test.beforeAll(async () => {
  tiny = await startTinySwarm({serverProcesses: 2, backForwardCache: true});
  const {swarm, model} = tiny;
  servers = swarm.serverProcesses;
  const capacity = {kind: 'layers', maxLayers: model.grid.layerCount / LENDERS} as const;
  const opened: Tab[] = [];
  for (let count = 0; count < LENDERS; count += 1) {
    const lend = {engine: 'stub', stubSlowdown: 6, capacity} as const;
    opened.push(await swarm.openLendingTab(lend, {model: model.id}));
  }
  lenders = opened;
  for (const tab of lenders) await tab.waitForLendState(['serving'], {timeoutMs: 120_000});
  client = await swarm.openTab({model: model.id});
});

test.afterAll(async () => {
  await tiny.stop();
});

/** What this tab knows of the lending tabs that wrote their record after `sinceMs`. */
async function heardSince(tab: Tab, sinceMs: number): Promise<readonly NodeRecord[]> {
  return (await tab.knownRecords()).filter(({seq}) => seq > sinceMs);
}

const newTab = async (url?: string): Promise<Tab> =>
  tiny.swarm.openTab({model: tiny.model.id, ...(url !== undefined && {url})});

/** Begins a long answer, does something to its swarm in the middle, and waits for its end. */
async function answerDuring(
  act: () => Promise<void>,
): Promise<{readonly tokenIds: readonly number[]; readonly text: string}> {
  const begun = Promise.withResolvers<void>();
  const tokenIds: number[] = [];
  let text = '';
  const lost: string[] = [];
  const asking = client.ask(LONG, {
    onEvent: (event) => {
      if (event.kind === 'token') tokenIds.push(event.tokenId);
      if (tokenIds.length === 8) begun.resolve();
      if (event.kind === 'token' || event.kind === 'end') text += event.text;
      if (event.kind === 'lost') lost.push(event.code);
    },
  });
  await Promise.race([begun.promise, asking]);
  await act();
  await asking;
  expect(lost).toEqual([]);
  return {tokenIds, text};
}

/** The long answer, asked of the gateway of a server. */
async function* askByGateway(server: ServerProcess | undefined): AsyncGenerator<string> {
  const openai = new OpenAI({baseURL: `${server?.url}/v1`, apiKey: 'none', maxRetries: 0});
  const stream = await openai.chat.completions.create({
    model: tiny.model.id,
    messages: [{role: 'user', content: 'Who is there?'}],
    max_tokens: LONG_TOKENS,
    temperature: 0,
    stream: true,
  });
  for await (const {choices} of stream) yield choices[0]?.delta.content ?? '';
}

test('[SD1] [GW14] one of two servers is killed for good: answers go on, also one that the gateway of the other asks, the next one comes, and a new tab joins by the other', async () => {
  const {tokenIds} = await askForAnswer(client, SHORT);
  const pieces = askByGateway(servers[1]);
  await pieces.next();
  const long = await answerDuring(async () => servers[0]?.kill());
  expect(long.tokenIds.slice(0, tokenIds.length)).toEqual(tokenIds);
  let text = '';
  for await (const piece of pieces) text += piece;
  expect(text).toBe(long.text);
  expect((await askForAnswer(client, SHORT)).tokenIds).toEqual(tokenIds);
  const joined = await newTab(servers[1]?.url);
  expect((await askForAnswer(joined, SHORT)).tokenIds).toEqual(tokenIds);
  await joined.close();
});

/** Of somebody who has begun to write, and has asked nothing yet. */
let writing: Page;

test('[SD2] [PG65] no server is left: an answer goes on, the next one comes, and tabs find what others publish', async () => {
  const {tokenIds} = await askForAnswer(client, SHORT);
  writing = await tiny.swarm.openPage('', {url: servers[1]?.url ?? ''});
  await writing.getByRole('textbox').focus();
  await writing.waitForLoadState('networkidle');
  let killedAtMs = 0;
  await answerDuring(async () => {
    await servers[1]?.kill();
    killedAtMs = Date.now();
    await writing.keyboard.type('Who is there?');
    await writing.keyboard.press('Enter');
  });
  expect((await askForAnswer(client, SHORT)).tokenIds).toEqual(tokenIds);
  for (const tab of [client, ...lenders]) {
    await expect.poll(async () => (await heardSince(tab, killedAtMs)).length).toBe(LENDERS);
  }
  expect((await askForAnswer(client, SHORT)).tokenIds).toEqual(tokenIds);
  await expect(writing.getByRole('alert')).toContainText('the connection failed');
  await expect(writing.getByText('Who is there?')).toBeVisible();
});

test('[SD3] a server is back: every tab has a place at its relay, and a new tab joins and asks', async () => {
  await servers[1]?.startAgain();
  const joined = await newTab(servers[1]?.url);
  const {tokenIds} = await askForAnswer(joined, SHORT);
  expect(tokenIds).toHaveLength(8);
  const placed = async () =>
    (await joined.knownRecords()).filter(({addresses}) => addresses.length > 0).length;
  await expect.poll(placed).toBe(LENDERS);
  await writing.getByRole('button', {name: 'Ask again'}).click();
  await expect(writing.getByText(/\d tokens/u)).toBeVisible();
  await writing.context().close();
});

const listedAtClient = async (): Promise<readonly string[]> =>
  (await client.knownRecords()).map(({peerId}) => peerId);

/** Playwright waits for a page to load, and one out of the cache does not. */
async function goBack(page: Page): Promise<void> {
  const browser = await page.context().newCDPSession(page);
  const {entries, currentIndex} = await browser.send('Page.getNavigationHistory');
  const entryId = entries[currentIndex - 1]?.id ?? 0;
  await browser.send('Page.navigateToHistoryEntry', {entryId});
}

test('[SD4] a lending page that comes back out of the back/forward cache serves on as the same tab, also after a restart of the server', async () => {
  const [lender] = lenders;
  if (lender === undefined) throw new Error('Broken invariant: there are lenders');
  const {page} = lender;
  const {peerId} = await lender.traffic();
  await page.evaluate(() => Object.assign(globalThis, {wasNeverReloaded: true}));
  await page.goto('about:blank');
  await expect.poll(listedAtClient).not.toContain(peerId);
  await goBack(page);
  await expect.poll(listedAtClient).toContain(peerId);
  expect(await page.evaluate(() => 'wasNeverReloaded' in globalThis)).toBe(true);
  await servers[1]?.kill();
  const killedAtMs = Date.now();
  await servers[1]?.startAgain();
  const joined = await newTab(servers[1]?.url);
  await expect.poll(async () => (await heardSince(joined, killedAtMs)).length).toBe(LENDERS);
  expect((await askForAnswer(joined, SHORT)).tokenIds).toHaveLength(8);
});
