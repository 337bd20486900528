import {expect, test} from '@playwright/test';
import {askForAnswer, beginAnswer, greedyRequest} from '../swarm/ask.ts';
import {startTinySwarm, type TinySwarm} from '../swarm/start-tiny-swarm.ts';
import type {Tab} from '../swarm/tab.ts';

/** Short, so that the server soon takes a frozen tab for one that is gone. */
const IMPATIENT = {pingIntervalMs: 1_000};
const SHORT = greedyRequest('Who is there?', {maxNewTokens: 8});
/** Lasts longer than any delay: nobody waits for its end. */
const LONG = greedyRequest('Who is there?', {maxNewTokens: 1_500});

let tiny: TinySwarm;
let lender: Tab;
let client: Tab;

test.beforeAll(async () => {
  tiny = await startTinySwarm({socketLimits: IMPATIENT});
  const {swarm, model} = tiny;
  const capacity = {kind: 'layers', maxLayers: model.grid.layerCount} as const;
  lender = await swarm.openLendingTab({engine: 'stub', capacity}, {model: model.id});
  await lender.waitForLendState(['serving'], {timeoutMs: 120_000});
  client = await swarm.openTab({model: model.id});
});

test.afterAll(async () => {
  await tiny.stop();
});

const listed = async (): Promise<number> => (await client.knownRecords()).length;

/** Stops the lender until nobody hears of it any more, and lets it go on. */
async function goAway({onStop}: {readonly onStop?: () => void} = {}): Promise<void> {
  const goOn = await lender.freeze();
  try {
    onStop?.();
    await expect.poll(listed).toBe(0);
  } finally {
    goOn();
  }
}

test('[AW1] a tab that was frozen until the server had given it up is listed and serves again', async () => {
  const before = await askForAnswer(client, SHORT);
  await goAway();
  await expect.poll(listed).toBe(1);
  expect((await askForAnswer(client, SHORT)).tokenIds).toEqual(before.tokenIds);
});

test('[AW2] a tab that was frozen in the middle of an answer is listed and serves again, and keeps nothing of that answer', async () => {
  const before = await askForAnswer(client, SHORT);
  const answer = await beginAnswer(client, LONG);
  await goAway({onStop: () => expect(answer.isOver()).toBe(false)});
  await expect.poll(listed).toBe(1);
  expect((await askForAnswer(client, SHORT)).tokenIds).toEqual(before.tokenIds);
  // It may have gone on where it was, if the link outlived the pause.
  await answer.stop();
  await expect.poll(async () => (await lender.lendLoad())?.openSessions).toBe(0);
});
