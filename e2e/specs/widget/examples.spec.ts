import {readdirSync, readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {fileURLToPath} from 'node:url';
import {expect, test, type Locator, type Page} from '@playwright/test';
import {listenOnLoopback} from '#shared/testing/loopback-port.ts';
import {startTinySwarm, type TinySwarm} from '../../swarm/start-tiny-swarm.ts';

const FOLDER = fileURLToPath(new URL('../../../public/examples/', import.meta.url));
const PAGES = readdirSync(FOLDER).filter((name) => name.endsWith('.html'));
/** To this a stub of the tiny model says twenty tokens. */
const QUESTION = 'Which hop is slow?';

let tiny: TinySwarm;
test.beforeAll(async () => {
  tiny = await startTinySwarm();
});
test.afterAll(async () => {
  await tiny.stop();
});

/** Addresses that a page asks for, and what it says in its console. */
type Seen = {readonly urls: readonly string[]; readonly complaints: readonly string[]};

async function openExample(name: string): Promise<{readonly page: Page; readonly seen: Seen}> {
  const urls: string[] = [];
  const complaints: string[] = [];
  const page = await tiny.swarm.openPage('', {
    context: {permissions: ['clipboard-read', 'clipboard-write']},
    url: `${tiny.swarm.server.url}/examples/${name}`,
    prepare: (opened) => {
      opened.on('request', (request) => urls.push(request.url()));
      opened.on('pageerror', (error) => complaints.push(error.message));
      opened.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
    },
  });
  return {page, seen: {urls, complaints}};
}

const lineOf = (widget: Locator): Locator => widget.getByRole('textbox');

/** One that floats is a button until it is opened. */
async function expectWidgets(page: Page, count: number): Promise<void> {
  const widgets = page.locator('weft-chat');
  await expect(widgets).toHaveCount(count);
  for (const widget of await widgets.all()) {
    const button = widget.getByRole('button', {name: 'Open the chat'});
    await expect(lineOf(widget).or(button)).toBeVisible();
  }
}

/** Of the others the page asks by itself. */
const hasWidget = (name: string): boolean =>
  readFileSync(`${FOLDER}${name}`, 'utf8').includes('<weft-chat');

for (const name of PAGES.filter(hasWidget)) {
  test(`[EX3] [EX5] the example ${name} shows its widget, of this server and of nobody else`, async () => {
    const {page, seen} = await openExample(name);
    await expectWidgets(page, name === 'two.html' ? 2 : 1);
    const {origin} = new URL(page.url());
    expect(seen.urls.filter((url) => new URL(url).origin !== origin)).toEqual([]);
    expect(seen.complaints).toEqual([]);
    await expectToFit(page);
    await page.context().close();
  });
}

/** On the narrowest of phones nothing is beyond its edge. */
async function expectToFit(page: Page): Promise<void> {
  await page.setViewportSize({width: 320, height: 640});
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
}

/** Asks in a page that has no widget, and waits for what `answer` finds. */
async function expectAnswer(
  name: string,
  field: (page: Page) => Locator,
  answer: (page: Page) => Locator,
): Promise<void> {
  const {page, seen} = await openExample(name);
  await field(page).click();
  await page.keyboard.type(QUESTION);
  await page.keyboard.press('Enter');
  await expect(answer(page)).toContainText(/\S/u);
  const {origin} = new URL(page.url());
  expect(seen.urls.filter((url) => new URL(url).origin !== origin)).toEqual([]);
  expect(seen.complaints).toEqual([]);
  await answer(page)
    .last()
    .evaluate((shown, text) => (shown.textContent = text), LONG_WORDS);
  await expectToFit(page);
  await page.context().close();
}

const LONG_WORDS = `${'w'.repeat(200)} https://weft.example/${'path/'.repeat(40)}`;

test('[EX4] without a widget a page says that nobody serves', async () => {
  const {page} = await openExample('own-page.html');
  await page.getByRole('textbox').fill(QUESTION);
  await page.getByRole('button', {name: 'Ask'}).click();
  await expect(page.locator('output')).toContainText('Nobody serves');
  await page.context().close();
});

test('[EX3] [EX4] [EX5] an application of React, a page without a widget and one with deep-chat hear of the swarm, and answer', async () => {
  const {layerCount} = tiny.model.grid;
  const lend = {engine: 'stub', capacity: {kind: 'layers', maxLayers: layerCount}} as const;
  const tab = await tiny.swarm.openLendingTab(lend, {model: tiny.model.id});
  await tab.waitForLendState(['serving'], {timeoutMs: 60_000});
  const {page} = await openExample('react.html');
  await expect(page.getByText('The swarm is ready.')).toBeVisible();
  const widget = page.locator('weft-chat');
  await lineOf(widget).fill(QUESTION);
  await lineOf(widget).press('Enter');
  await expect(widget.locator('weft-markdown p').first()).not.toBeEmpty();
  await expectAnswer(
    'own-page.html',
    (own) => own.getByRole('textbox'),
    (own) => own.locator('output'),
  );
  await expectAnswer(
    'deep-chat.html',
    (own) => own.locator('#text-input'),
    (own) => own.locator('.ai-message-text'),
  );
  await Promise.all([page.context().close(), tab.close()]);
});

test('[EX1] [EX2] the page with the snippet shows what is chosen, copies it, and binds it to a version with its hashes', async () => {
  const {page} = await openExample('');
  const snippet = page.locator('#snippet');
  const {origin} = new URL(page.url());
  await page.getByRole('radio', {name: 'Dark'}).check();
  await page.getByRole('textbox', {name: 'Heading', exact: true}).fill('"Ask" us');
  await expect(page.locator('weft-chat').getByRole('heading', {name: '"Ask" us'})).toBeVisible();
  const lines = `<script type="module" src="${origin}/widget.js"></script>
<weft-chat mode="inline" theme="dark" heading="&quot;Ask&quot; us"></weft-chat>`;
  await expect(snippet).toHaveText(lines);
  await page.getByRole('button', {name: 'Copy this snippet'}).click();
  await expect(page.getByText('Copied', {exact: true})).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(lines);

  await page.getByRole('checkbox', {name: 'Always this version'}).check();
  const body = (await snippet.textContent()) ?? '';
  const site = createServer((_, response) => {
    response.writeHead(200, {'Content-Type': 'text/html'}).end(body);
  });
  const host = await page.context().newPage();
  await host.goto(`http://127.0.0.1:${await listenOnLoopback(site)}/`);
  await expectWidgets(host, 1);
  await host.route('**/define-chat-*.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({response, body: `${await response.text()}\n`});
  });
  const refused = host.waitForEvent('console', (message) => message.text().includes('integrity'));
  await host.reload();
  await refused;
  await expect(lineOf(host.locator('weft-chat'))).toHaveCount(0);
  await page.context().close();
  site.close();
});
