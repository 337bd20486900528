import {expect, test} from '@playwright/test';
import {offerTinyModel} from '../load/testing/offer-tiny-model.ts';
import {askForAnswer, greedyRequest} from '../swarm/ask.ts';
import {Swarm} from '../swarm/start-swarm.ts';
import type {Tab} from '../swarm/tab.ts';
import {log} from '../swarm/test-log.ts';

/** Short, so that the server soon takes a frozen tab for one that is gone. */
const IMPATIENT = {pingIntervalMs: 1_000};
const SHORT = greedyRequest('Who is there?', {maxNewTokens: 8});
/** Lasts longer than any delay: nobody waits for its end. */
const LONG = greedyRequest('Who is there?', {maxNewTokens: 1_500});

let model: Awaited<ReturnType<typeof offerTinyModel>>;
let swarm: Swarm;
let lender: Tab;
let client: Tab;

test.beforeAll(async () => {
  model = await offerTinyModel(log);
  const {modelsDir, siteDir} = model;
  swarm = await Swarm.start({
    modelsDir,
    siteDir,
    port: 0,
    webgpu: false,
    socketLimits: IMPATIENT,
    log,
  });
  const capacity = {kind: 'layers', maxLayers: model.grid.layerCount} as const;
  lender = await swarm.openLendingTab({engine: 'stub', capacity}, {model: model.id});
  await lender.waitForLendState(['serving'], {timeoutMs: 120_000});
  client = await swarm.openTab({model: model.id});
});

test.afterAll(async () => {
  await swarm.stop();
  await model.remove();
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
  const abort = new AbortController();
  const underWay = Promise.withResolvers<void>();
  let isOver = false;
  const asking = client
    .ask(LONG, {
      signal: abort.signal,
      onEvent: ({kind}) => {
        if (kind === 'token') underWay.resolve();
      },
    })
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
    });
  await underWay.promise;
  await goAway({onStop: () => expect(isOver).toBe(false)});
  await expect.poll(listed).toBe(1);
  expect((await askForAnswer(client, SHORT)).tokenIds).toEqual(before.tokenIds);
  // It may have gone on where it was, if the link outlived the pause.
  abort.abort();
  await asking;
  await expect.poll(async () => (await lender.lendLoad())?.openSessions).toBe(0);
});
