import {dirname} from 'node:path';
import {AxeBuilder} from '@axe-core/playwright';
import {expect, test, type Page} from '@playwright/test';
import {assert} from '#shared/base/assert.ts';
import {catalogSchema} from '#shared/model/manifest/catalog.ts';
import {hashManifest} from '#shared/model/manifest/hash-manifest.ts';
import {sha256} from '#shared/testing/sha256.ts';
import type {AnswerEvent} from '#shared/client/chat/chat-service.ts';
import {prepareModel, type PreparedModel} from '../tools/machine/model-file/prepare-model.ts';
import {greedyRequest} from '../swarm/ask.ts';
import {Swarm} from '../swarm/start-swarm.ts';
import {AskFailedError, type Tab} from '../swarm/tab.ts';
import {log} from '../swarm/test-log.ts';
import {threadsOf} from '../pages/observer/threads-of.ts';
import {NOTHING_LOADED, sumBytes, watchTransfers} from '../swarm/watch-transfers.ts';

/** Before the first click, packed as the server sends it. */
const MOST_PAGE_BYTES = 60_000;
/** From the address to code that serves, without weights. */
const MOST_WASM_CODE_BYTES = 4_000_000;
/** What one tab takes on at once. */
const MAX_SESSIONS = 8;
/** So slow that an answer of 512 tokens lasts longer than what is done meanwhile. */
const STUB = {
  engine: 'stub',
  stubSlowdown: 8,
  capacity: {kind: 'layers', maxLayers: 10},
} as const;

let model: PreparedModel;
let swarm: Swarm;

test.beforeAll(async () => {
  model = await prepareModel({log});
  swarm = await Swarm.start({modelsDir: dirname(model.path), port: 0, webgpu: false, log});
});

test.afterAll(async () => {
  await swarm.stop();
});

/** Every address that the page asks for, in the order of asking. */
function watchRequests(page: Page): readonly string[] {
  const urls: string[] = [];
  page.on('request', (request) => urls.push(request.url()));
  page.on('websocket', (socket) => urls.push(socket.url().replace(/^ws/u, 'http')));
  return urls;
}

function foreignTo(origin: string, urls: readonly string[]): readonly string[] {
  return urls.filter((url) => !/^(?:blob|data):/u.test(url) && new URL(url).origin !== origin);
}

async function expectAccessible(
  page: Page,
  colorSchemes: readonly ('light' | 'dark')[] = ['light', 'dark'],
): Promise<void> {
  for (const colorScheme of colorSchemes) {
    await page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
    const {violations} = await new AxeBuilder({page}).analyze();
    const found = violations.map(({id, nodes}) => `${id}: ${nodes.map((n) => n.html).join(' ')}`);
    expect(found, colorScheme).toEqual([]);
  }
}

/** The layers that a question from this tab finds without anybody; none when it finds a chain. */
async function missingFor(tab: Tab): Promise<readonly string[]> {
  const abort = new AbortController();
  let missing: readonly string[] = [];
  const asking = tab.ask(greedyRequest('Is it still there?'), {
    signal: abort.signal,
    onEvent: (event) => {
      if (event.kind === 'vocabulary' || event.kind === 'prompt') return;
      if (event.kind === 'waiting') {
        missing = event.missing.map(({startLayer, endLayer}) => `${startLayer}–${endLayer}`);
      }
      abort.abort();
    },
  });
  await expect(asking).rejects.toThrow(AskFailedError);
  return missing;
}

/** Moves on with the Tab key until the question box has the focus. */
async function tabToQuestion(page: Page): Promise<void> {
  const box = page.getByRole('textbox', {name: 'Your question'});
  for (let presses = 0; presses < 10; presses += 1) {
    await page.keyboard.press('Tab');
    if (await box.evaluate((element) => element.matches(':focus'))) return;
  }
  throw new Error('Ten times Tab, and the question box has not been reached');
}

test('[PG30] before the first click: a small page, no other origin, nothing of the model, no WebGPU', async () => {
  let urls: readonly string[] = [];
  let loaded = NOTHING_LOADED;
  const page = await swarm.openPage('', {
    prepare: async (opened) => {
      urls = watchRequests(opened);
      loaded = watchTransfers(opened);
      await opened.addInitScript(() => {
        Object.defineProperty(Navigator.prototype, 'gpu', {get: () => undefined});
      });
    },
  });
  await expect(page.getByText('SmolLM2 135M Instruct').first()).toBeVisible();
  await expect(page.getByRole('button', {name: 'Lend this tab'})).toBeVisible();
  await page.waitForLoadState('networkidle');
  const transfers = await loaded();
  const bytes = sumBytes(transfers);
  log(`Before the first click: ${bytes} bytes in ${transfers.length} files`);
  expect(transfers.map(({url}) => url)).toContainEqual(expect.stringMatching(/\.js$/u));
  expect(bytes).toBeLessThanOrEqual(MOST_PAGE_BYTES);
  expect(foreignTo(new URL(swarm.server.url).origin, urls)).toEqual([]);
  expect(urls.filter((url) => /gguf|wasm|api\/(?!swarm$)/u.test(url))).toEqual([]);
  await expectAccessible(page);
  await page.context().close();
});

/** Answers that wait after their first token, until they may go on: a tab keeps no place that nobody uses. */
function holdAnswers(client: Tab, count: number) {
  const abort = new AbortController();
  const mayGoOn = Promise.withResolvers<void>();
  const held = Array.from({length: count}, () => Promise.withResolvers<void>());
  const request = greedyRequest('Who is there?', {maxNewTokens: 4});
  const answers = held.map(({resolve}, i) => {
    let tokens = 0;
    const onEvent = async ({kind}: AnswerEvent): Promise<void> => {
      if (kind === 'token') tokens += 1;
      if (tokens === 0) return;
      resolve();
      await mayGoOn.promise;
    };
    const options = i === 0 ? {signal: abort.signal, onEvent} : {onEvent};
    return client.ask(request, options).then(() => tokens);
  });
  return {
    haveBegun: Promise.all(held.map(({promise}) => promise)),
    /** Cancels the first of them. */
    cancelOne: async (): Promise<void> => {
      abort.abort();
      mayGoOn.resolve();
      await expect(answers[0]).rejects.toThrow(AskFailedError);
    },
    goOn: mayGoOn.resolve,
    answers,
  };
}

test('[PG35] [PG36] [EN10] a full swarm says so, room lets the answer begin, and a tab that stops finishes what runs in it', async () => {
  const lender = await swarm.openPage(`engine=stub&maxLayers=${model.grid.layerCount}`);
  const lend = lender.getByRole('region', {name: 'Lend this tab'});
  await lend.getByRole('button', {name: 'Lend this tab'}).click();
  await expect(lend.getByText('Tokens served')).toBeVisible();
  expect(await threadsOf(lender)).toHaveLength(1);

  // A tab keeps some of its places for others than the one who asks most.
  const [client, neighbour] = [await swarm.openTab(), await swarm.openTab()];
  const crowd = holdAnswers(client, 1);
  const others = [holdAnswers(client, 3), holdAnswers(neighbour, MAX_SESSIONS - 4)];
  await Promise.all([crowd, ...others].map(({haveBegun}) => haveBegun));
  const page = await swarm.openPage('');
  const box = page.getByRole('textbox', {name: 'Your question'});
  await box.fill('Is there room?');
  await box.press('Enter');
  const full = page.getByText(/The swarm is full: every tab that holds layers 0–30 is busy/u);
  await expect(full).toBeVisible();
  await box.fill('And now?');
  await box.press('Enter');
  await expect(page.getByText('One answer at a time')).toBeVisible();
  await expect(box).toHaveValue('And now?');
  await expectAccessible(page, ['light']);
  await crowd.cancelOne();
  await expect(page.locator('weft-markdown p').first()).not.toBeEmpty();
  await page.context().close();

  await lend.getByRole('button', {name: 'Stop'}).click();
  const finishing = `Takes nothing more on, finishes ${MAX_SESSIONS - 1} answers that run here`;
  await expect(lend.getByText(finishing, {exact: true})).toBeVisible();
  await expect(lend.getByRole('button', {name: 'Leave now'})).toBeVisible();
  await expect.poll(() => missingFor(client)).toEqual([`0–${model.grid.layerCount}`]);
  for (const {goOn} of others) goOn();
  const tokenCounts = await Promise.all(others.flatMap(({answers}) => answers));
  expect(tokenCounts).toEqual(Array<number>(MAX_SESSIONS - 1).fill(4));
  await expect(lend.getByRole('button', {name: 'Lend this tab'})).toBeVisible();
  await expect.poll(() => threadsOf(lender)).toEqual([]);
  await Promise.all([lender.context().close(), client.close(), neighbour.close()]);
});

test('[PG31] [PG53] asks by keyboard, hears which layers are missing, lends, reads the answer, stops', async () => {
  const tabs = [await swarm.openLendingTab(STUB), await swarm.openLendingTab(STUB)];
  let held = 0;
  for (const tab of tabs) {
    const state = await tab.waitForLendState(['serving'], {timeoutMs: 60_000});
    if (state.kind === 'serving') held += state.layers.endLayer - state.layers.startLayer;
  }
  expect(held).toBe(20);
  let urls: readonly string[] = [];
  const page = await swarm.openPage('engine=stub&maxLayers=10', {
    context: {viewport: {width: 1280, height: 900}},
    prepare: (opened) => {
      urls = watchRequests(opened);
    },
  });
  await expect(
    page.getByText(/2 tabs serve this model now\.\s+Nobody serves layers/u),
  ).toBeVisible();
  await tabToQuestion(page);
  await page.keyboard.type('Who weaves here?');
  await page.keyboard.press('Enter');

  const waiting = page.getByText(/Nobody serves layers/u);
  await expect(waiting).toBeVisible();
  const ranges = [...((await waiting.textContent()) ?? '').matchAll(/(\d+)–(\d+)/gu)];
  const missing = ranges.reduce((sum, [, start, end]) => sum + Number(end) - Number(start), 0);
  expect(missing).toBe(model.grid.layerCount - held);
  await expectAccessible(page, ['dark']);

  await page.getByRole('button', {name: /^Lend this tab \(/u}).press('Enter');
  const chain = page.getByRole('list', {name: 'Chain'});
  await expect(chain.getByRole('listitem')).toHaveCount(3);
  const answer = page.locator('weft-markdown p').first();
  await expect(answer).not.toBeEmpty();
  const early = ((await answer.textContent()) ?? '').length;
  await expect.poll(async () => ((await answer.textContent()) ?? '').length).toBeGreaterThan(early);
  await expect(page.getByText(/First token after .* per token, \d+ tokens/u)).toBeVisible();

  const swarmUrl = new URL('api/swarm', swarm.server.url).href;
  const summary = async () => (await (await page.request.get(swarmUrl)).json()).models[0];
  await expect.poll(summary).toMatchObject({tabs: 3, chains: 1, answersLastHour: 1});

  const ask = page.getByRole('region', {name: 'Ask'});
  await ask.getByRole('button', {name: 'Stop'}).press('Enter');
  await expect(page.getByText('You stopped this answer.')).toBeVisible();
  await expect(ask.getByRole('button', {name: 'Ask again'})).toBeVisible();

  const lend = page.getByRole('region', {name: 'Lend this tab'});
  const figure = (name: string) => lend.locator('dl > div', {hasText: name}).locator('dd');
  await expect
    .poll(async () => Number(await figure('Tokens served').textContent()))
    .toBeGreaterThan(0);
  await expect(figure('Received')).not.toHaveText('0 B');
  await expectAccessible(page);

  await lend.getByRole('button', {name: 'Stop'}).press('Enter');
  await expect(lend.getByRole('button', {name: 'Lend this tab'})).toBeFocused();
  const [observer] = tabs;
  assert(observer, 'two tabs were opened');
  await expect.poll(() => missingFor(observer)).toEqual(ranges.map(([range]) => range));
  expect(foreignTo(new URL(swarm.server.url).origin, urls)).toEqual([]);
  await page.context().close();
  for (const tab of tabs) await tab.close();
});

test('[PG52] a tab that lends its CPU loads less than 4 MB of code, and with its weights what was promised', async () => {
  let loaded = NOTHING_LOADED;
  const page = await swarm.openPage('engine=wasm&maxLayers=5', {
    prepare: (opened) => {
      loaded = watchTransfers(opened);
    },
  });
  const lend = page.getByRole('region', {name: 'Lend this tab'});
  const promised = await lend
    .locator('dl > div', {hasText: 'Download'})
    .locator('dd')
    .textContent();
  await lend.getByRole('button', {name: 'Lend this tab'}).click();
  await expect(lend.getByText('Tokens served')).toBeVisible();
  const transfers = await loaded();
  const weightBytes = sumBytes(transfers.filter(({url}) => url.includes('.gguf?')));
  const codeBytes = sumBytes(transfers) - weightBytes;
  log(
    `From the address to serving: ${codeBytes} bytes of code, ${weightBytes} of weights; promised ${promised}`,
  );
  expect(weightBytes).toBeGreaterThan(codeBytes);
  expect(codeBytes).toBeLessThanOrEqual(MOST_WASM_CODE_BYTES);
  const [least = 0, most = least] = [...(promised ?? '').matchAll(/\d+/gu)].map(Number);
  const measuredMb = (codeBytes + weightBytes) / 1e6;
  expect(measuredMb).toBeGreaterThanOrEqual(least - 1);
  expect(measuredMb).toBeLessThanOrEqual(most + 1);
  await page.context().close();
});

test('[PG32] fits a screen of 320 pixels, and remembers how much is lent', async () => {
  const page = await swarm.openPage('', {context: {viewport: {width: 320, height: 640}}});
  const cap = page.getByRole('slider', {name: 'Lend at most'});
  await cap.press('Home');
  const text = await cap.getAttribute('aria-valuetext');
  expect(text).toContain('up to 5 of 30 layers');
  const overflowPx = () =>
    page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
  expect(await overflowPx()).toBe(0);
  await page.reload();
  await expect(cap).toHaveAttribute('aria-valuetext', text ?? '');
  await page.context().close();
});

test('[PG50] [MD14] the chat says that a model is offered for token ids only, before any question', async () => {
  const manifest = {...model.manifest, text: null};
  const manifestHash = await hashManifest(manifest, sha256);
  const page = await swarm.openPage('', {
    prepare: async (opened) => {
      await opened.route('**/*.manifest.json', (route) => route.fulfill({json: manifest}));
      await opened.route('**/catalog.json', async (route) => {
        const [entry] = catalogSchema.parse(await (await route.fetch()).json());
        await route.fulfill({json: [{...entry, manifestHash}]});
      });
    },
  });
  await expect(page.getByText('its site offers it for token ids only')).toBeVisible();
  await expect(page.getByRole('textbox')).toHaveCount(0);
  await page.context().close();
});

test('[PG33] a part of the page that does not load: what to do, for asking and lending, and the question stays', async () => {
  const page = await swarm.openPage('engine=stub&maxLayers=10', {
    prepare: async (opened) => {
      await opened.route('**/create-node*', (route) => route.abort());
      await opened.route('**/conversation-turn*', (route) => route.abort());
    },
  });
  const alerts = page.getByRole('alert');
  const box = page.getByRole('textbox', {name: 'Your question'});
  await box.fill('Anybody?');
  await page.keyboard.press('Enter');
  await expect(alerts).toContainText('could not be loaded: check the network, then ask again');
  await expect(box).toHaveValue('Anybody?');
  await page.unroute('**/conversation-turn*');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Anybody?')).toBeVisible();
  await expect(alerts).toContainText('could not be loaded: check the network, then ask again');
  await page.getByRole('button', {name: 'Lend this tab'}).click();
  await expect(alerts).toHaveCount(2);
  await expect(alerts.last()).toContainText('then lend again');
  await expectAccessible(page);
  await page.unroute('**/create-node*');
  await page.getByRole('button', {name: 'Ask again'}).click();
  await expect(page.getByText('Nobody serves layers')).toBeVisible();
  await page.context().close();
});

test('[PG34] an address that cannot be read is refused, naming what is wrong', async () => {
  const page = await swarm.openPage('maxLayers=many');
  await expect(page.getByRole('alert')).toContainText('"maxLayers"');
  await page.context().close();
});

test('[PG40] a model that this site does not have is reported before anybody asks or lends', async () => {
  const page = await swarm.openPage('model=nonsense');
  const alerts = page.getByRole('alert');
  await expect(alerts).toHaveCount(2);
  for (const alert of await alerts.all()) {
    await expect(alert).toContainText('This site has no model "nonsense"');
    await expect(alert.getByRole('link', {name: 'Open the page without it'})).toBeVisible();
  }
  await expectAccessible(page);
  await page.context().close();
});

test('[PG41] a missing WebRTC is named, both when asking and when lending', async () => {
  const page = await swarm.openPage('engine=stub&maxLayers=10', {
    prepare: async (opened) => {
      await opened.addInitScript(() => {
        Reflect.deleteProperty(globalThis, 'RTCPeerConnection');
      });
    },
  });
  await page.getByRole('textbox', {name: 'Your question'}).fill('Anybody?');
  await page.keyboard.press('Enter');
  await page.getByRole('button', {name: 'Lend this tab'}).click();
  const alerts = page.getByRole('alert');
  await expect(alerts).toHaveCount(2);
  for (const alert of await alerts.all()) await expect(alert).toContainText('has no WebRTC');
  await page.context().close();
});

test('[PG28] [ID2] offline and without storage: the page says so, and lends the tab by itself when the network is back', async () => {
  const page = await swarm.openPage('engine=stub&maxLayers=10', {
    prepare: async (opened) => {
      await opened.addInitScript(() => {
        for (const name of ['indexedDB', 'localStorage', 'sessionStorage']) {
          const get = (): never => {
            throw new DOMException(`Access to ${name} is denied`, 'SecurityError');
          };
          Object.defineProperty(globalThis, name, {get});
        }
      });
    },
  });
  await expect(page.getByText('SmolLM2 135M Instruct').first()).toBeVisible();
  await page.context().setOffline(true);
  const lend = page.getByRole('region', {name: 'Lend this tab'});
  await lend.getByRole('button', {name: 'Lend this tab'}).click();
  await expect(lend.getByRole('alert')).toContainText('This device is offline');
  await page.context().setOffline(false);
  await expect(lend.getByText('Tokens served')).toBeVisible();
  await page.context().close();
});
