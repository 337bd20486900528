import {AxeBuilder} from '@axe-core/playwright';
import {expect, test, type Frame, type Page} from '@playwright/test';
import {readPageTraces} from '../../pages/widget-hosts/page-traces.ts';
import {serveHostPages, type HostSite} from '../../pages/widget-hosts/serve-host-pages.ts';
import {startTinySwarm, type TinySwarm} from '../../swarm/start-tiny-swarm.ts';

/** So slow that an answer lasts longer than what is done meanwhile. */
const STUB = {engine: 'stub', capacity: {kind: 'layers', maxLayers: 30}} as const;
const LEAST_TARGET_PX = 44;
/** To this a stub of the tiny model says twenty tokens. */
const QUESTION = 'Which hop is slow?';

let tiny: TinySwarm;
let site: HostSite;

test.beforeAll(async () => {
  tiny = await startTinySwarm();
  site = await serveHostPages(tiny.swarm.server.url);
  const tab = await tiny.swarm.openLendingTab(STUB);
  await tab.waitForLendState(['serving'], {timeoutMs: 60_000});
});

test.afterAll(async () => {
  await site.close();
  await tiny.stop();
});

type Visit = {
  readonly page: Page;
  readonly urls: readonly string[];
  readonly errors: readonly string[];
};

async function visit(url: string, viewport = {width: 1280, height: 800}): Promise<Visit> {
  const urls: string[] = [];
  const errors: string[] = [];
  const page = await tiny.swarm.openPage('', {
    url,
    context: {viewport, reducedMotion: 'reduce'},
    prepare: (opened) => {
      opened.on('request', (request) => urls.push(request.url()));
      opened.on('websocket', (socket) => urls.push(socket.url().replace(/^ws/u, 'http')));
      opened.on('pageerror', (error) => errors.push(error.message));
    },
  });
  return {page, urls, errors};
}

const box = (scope: Page | Frame) => scope.getByRole('textbox', {name: 'Your question'}).first();
const launcher = (scope: Page | Frame) => scope.getByRole('button', {name: 'Open the chat'});

/** The pieces of the next answer of a page, and the whole, as its events say. */
function nextAnswer(scope: Page | Frame): Promise<{pieces: readonly string[]; content: string}> {
  return scope.evaluate(async () => {
    const pieces: string[] = [];
    const {promise, resolve} = Promise.withResolvers<string>();
    const onToken = (event: CustomEventInit<{text: string}>) =>
      pieces.push(event.detail?.text ?? '');
    const onMessage = ({detail}: CustomEventInit<{role: string; content: string}>) => {
      if (detail?.role === 'assistant') resolve(detail.content);
    };
    addEventListener('weft-token', onToken);
    addEventListener('weft-message', onMessage);
    const content = await promise;
    removeEventListener('weft-token', onToken);
    removeEventListener('weft-message', onMessage);
    return {pieces, content};
  });
}

async function expectAnswer(scope: Page | Frame): Promise<void> {
  await expect(scope.locator('weft-chat').first()).toHaveJSProperty('isConnected', true);
  await scope.waitForFunction(() => customElements.get('weft-chat') !== undefined);
  if (await launcher(scope).isVisible()) await launcher(scope).click();
  const answering = nextAnswer(scope);
  await box(scope).fill(QUESTION);
  await box(scope).press('Enter');
  const {pieces, content} = await answering;
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.join('')).toBe(content);
  await expect(scope.getByText('Computed by one browser tab.').first()).toBeVisible();
  await expect(scope.locator('weft-markdown p').first()).not.toBeEmpty();
}

const connectionCount = (): number => tiny.swarm.server.counters().connections;

/** What the page has without the widget. */
async function tracesWithout(page: Page): Promise<unknown> {
  await page.route(/widget\.js/u, (route) => route.abort());
  await page.reload();
  const traces = await page.evaluate(readPageTraces);
  await page.unroute(/widget\.js/u);
  await page.reload();
  return traces;
}

const PAGES = ['plain', 'strict-csp', 'hostile-css', 'quirks', 'two', 'isolated', 'own-lit'];

for (const name of PAGES) {
  test(`[WE1] [WE2] the answer streams in the page "${name}", which stays as it was`, async () => {
    const {page, urls, errors} = await visit(`${site.url}${name}.html`);
    const before = await tracesWithout(page);
    await expectAnswer(page);
    expect(await page.evaluate(readPageTraces)).toEqual(before);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(name === 'isolated');
    const known = [site.url, `${tiny.swarm.server.url}/`];
    const foreign = urls.filter((url) => !/^(?:data|blob):/u.test(url));
    expect(foreign.filter((url) => !known.some((start) => url.startsWith(start)))).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });
}

test('[WE1] the answer streams in a frame of another origin', async () => {
  const {page} = await visit(`${site.otherUrl}frame.html`);
  const frame = page.frame({url: /127\.0\.0\.1.*plain/u});
  expect(frame).not.toBeNull();
  if (frame !== null) await expectAnswer(frame);
  await page.context().close();
});

test('[WE1] the answer streams in a page that may neither store nor submit anything', async () => {
  const {page} = await visit(`${site.url}sandboxed.html`);
  await expectAnswer(page);
  await page.context().close();
});

test('[WE12] what a page sets before the script has come counts', async () => {
  const {page} = await visit(`${site.url}plain.html`);
  await page.route(/widget\.js/u, (route) => route.abort());
  await page.reload();
  await page.evaluate(() => {
    const messages = [
      {role: 'user', content: 'Who wove before?'},
      {role: 'assistant', content: 'Weavers.'},
    ];
    const heading = 'Early';
    Object.assign(document.querySelector('weft-chat') ?? {}, {open: true, heading, messages});
  });
  await page.unroute(/widget\.js/u);
  await page.addScriptTag({type: 'module', url: `${tiny.swarm.server.url}/widget.js?early`});
  await expect(page.getByRole('dialog', {name: 'Early'})).toContainText('Who wove before?');
  await page.context().close();
});

test('[WE5] removed during an answer it leaves the swarm, and put back it asks again', async () => {
  const {page} = await visit(`${site.url}plain.html`);
  await launcher(page).click();
  await box(page).fill('Who weaves here?');
  const token = page.evaluate(
    () =>
      new Promise((resolve) => addEventListener('weft-token', () => resolve(null), {once: true})),
  );
  await box(page).press('Enter');
  await token;
  const joined = connectionCount();
  await page.evaluate(() => {
    const chat = document.querySelector('weft-chat');
    Object.assign(document, {removed: chat});
    chat?.remove();
  });
  await expect.poll(connectionCount).toBeLessThan(joined);
  await page.evaluate(() => {
    const chat: unknown = Reflect.get(document, 'removed');
    if (chat instanceof Element) document.body.append(chat);
  });
  await expectAnswer(page);
  await page.context().close();
});

test('[WE3] opened, asked and closed by keyboard, with the focus where it was', async () => {
  const {page} = await visit(`${site.url}plain.html`);
  await launcher(page).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', {name: 'Weaver'})).toBeVisible();
  await expect(box(page)).toBeFocused();
  // Past the suggestion to what scrolls, and back.
  for (const key of ['Shift+Tab', 'Shift+Tab']) await page.keyboard.press(key);
  await expect(page.getByRole('group', {name: 'Conversation'})).toBeFocused();
  for (const key of ['Tab', 'Tab']) await page.keyboard.press(key);
  const answering = nextAnswer(page);
  await page.keyboard.type(QUESTION);
  await page.keyboard.press('Enter');
  const log = page.getByRole('log', {name: 'Answer'});
  await expect(page.locator('weft-markdown p').first()).not.toBeEmpty();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', {name: /^(?:Stop|Ask)$/u})).toBeFocused();
  await answering;
  await expect(log).not.toBeEmpty();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(launcher(page)).toBeFocused();
  await page.context().close();
});

test('[WE4] accessible in every scheme, on 320 pixels, with targets for fingers', async () => {
  const {page} = await visit(`${site.url}plain.html`, {width: 320, height: 640});
  const check = async (scheme: string): Promise<void> => {
    const {violations} = await new AxeBuilder({page}).analyze();
    const found = violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join()}`);
    expect(found, scheme).toEqual([]);
  };
  await expect(launcher(page)).toBeVisible();
  await check('closed');
  await expectAnswer(page);
  for (const media of [
    {colorScheme: 'light'},
    {colorScheme: 'dark'},
    {forcedColors: 'active'},
  ] as const) {
    await page.emulateMedia(media);
    await check(JSON.stringify(media));
  }
  const targets = page.getByRole('dialog').getByRole('button');
  await expect(targets).toHaveCount(5);
  for (const target of [...(await targets.all()), box(page)]) {
    const size = await target.boundingBox();
    expect(size?.height).toBeGreaterThanOrEqual(LEAST_TARGET_PX);
    expect(size?.width).toBeGreaterThanOrEqual(LEAST_TARGET_PX);
  }
  const panel = await page.getByRole('dialog').boundingBox();
  expect(panel?.width).toBeLessThanOrEqual(320);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  await page.context().close();
});

test('[WE6] a kept conversation is there after a reload, under one key, until it is cleared', async () => {
  const {page} = await visit(`${site.url}plain.html`);
  const keep = () =>
    page.evaluate(async () => {
      await customElements.whenDefined('weft-chat');
      const chat = document.querySelector('weft-chat');
      chat?.toggleAttribute('keep', true);
      chat?.toggleAttribute('open', true);
    });
  await keep();
  await expectAnswer(page);
  const keys = () => page.evaluate(() => Object.keys(localStorage));
  expect(await keys()).toEqual([`weft-chat ${tiny.swarm.server.url}/ Weaver`]);
  await page.reload();
  await keep();
  await expect(page.getByText(QUESTION)).toBeVisible();
  await page.getByRole('button', {name: 'New conversation'}).click();
  expect(await keys()).toEqual([]);
  await page.context().close();
});
