import {expect, test, type Page} from '@playwright/test';
import * as z from 'zod';
import {HOSTILE_ANSWERS} from '../../pages/widget-hosts/hostile-answers.ts';
import {serveCompletions, type Completions} from '../../pages/widget-hosts/serve-completions.ts';
import {serveHostPages, type HostSite} from '../../pages/widget-hosts/serve-host-pages.ts';
import {startTinySwarm, type TinySwarm} from '../../swarm/start-tiny-swarm.ts';

const TEN_LAYERS = {engine: 'stub', capacity: {kind: 'layers', maxLayers: 10}} as const;
const FROM_FALLBACK = /Answered by 127\.0\.0\.1:\d+, not by the swarm\./u;

const stateSchema = z.object({
  state: z.string(),
  missing: z.array(z.tuple([z.number(), z.number()])),
});
const swarmSchema = z.object({models: z.array(z.object({chains: z.number()}))});

let tiny: TinySwarm;
let site: HostSite;
let completions: Completions;

test.beforeAll(async () => {
  tiny = await startTinySwarm();
  site = await serveHostPages(tiny.swarm.server.url);
  completions = await serveCompletions(
    (message) => HOSTILE_ANSWERS[Number(message)] ?? 'From elsewhere',
  );
  const tab = await tiny.swarm.openLendingTab(TEN_LAYERS);
  await tab.waitForLendState(['serving'], {timeoutMs: 60_000});
});

test.afterAll(async () => {
  await completions.close();
  await site.close();
  await tiny.stop();
});

/** A page with one widget, once that is there, with these attributes besides. */
async function openWidget(attributes: Readonly<Record<string, string>> = {}): Promise<Page> {
  const page = await tiny.swarm.openPage('', {url: `${site.url}plain.html`});
  await page.evaluate(async (given) => {
    await customElements.whenDefined('weft-chat');
    const chat = document.querySelector('weft-chat');
    for (const [name, value] of Object.entries(given)) chat?.setAttribute(name, value);
  }, attributes);
  return page;
}

/** What the widget says of the swarm, the next time that it says anything. */
function nextState(page: Page): Promise<unknown> {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        addEventListener('weft-state', (event: CustomEventInit<unknown>) => resolve(event.detail), {
          once: true,
        });
      }),
  );
}

/** Makes the widget look again without waiting. */
async function reopen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const chat = document.querySelector('weft-chat');
    chat?.toggleAttribute('open', false);
    setTimeout(() => chat?.toggleAttribute('open', true));
  });
}

async function chainCount(): Promise<number> {
  const response = await fetch(new URL('api/swarm', tiny.swarm.server.url));
  return swarmSchema.parse(await response.json()).models[0]?.chains ?? 0;
}

async function ask(page: Page, question: string): Promise<void> {
  const box = page.getByRole('textbox', {name: 'Your question'});
  await box.fill(question);
  await box.press('Enter');
}

test('[WE7] layers that nobody serves are named by the event, by the widget and by the answer that waits', async () => {
  const page = await openWidget();
  const stating = nextState(page);
  await page.evaluate(() => {
    // Put back, it begins as one that was never there.
    const chat = document.querySelector('weft-chat');
    if (chat) document.querySelector('main')?.append(chat.cloneNode());
    chat?.remove();
    document.querySelector('weft-chat')?.toggleAttribute('open', true);
  });
  const {state, missing} = stateSchema.parse(await stating);
  expect(state).toBe('short');
  expect(missing.reduce((sum, [start, end]) => sum + end - start, 0)).toBe(20);
  await expect(page.getByText(/Nobody serves layers \d+–\d+ of the model now/u)).toBeVisible();
  await ask(page, 'Anybody?');
  await expect(
    page.getByText(/The answer comes by itself when a tab can serve them/u),
  ).toBeVisible();
  await page.context().close();
});

test('[WE7] hidden while nobody serves, and not while somebody has asked', async () => {
  const page = await openWidget({'hide-when-unserved': '', open: ''});
  await expect(page.locator('weft-chat')).toHaveAttribute('unserved');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.evaluate(() =>
    document.querySelector('weft-chat')?.removeAttribute('hide-when-unserved'),
  );
  await ask(page, 'Anybody?');
  await page.evaluate(() =>
    document.querySelector('weft-chat')?.setAttribute('hide-when-unserved', ''),
  );
  await expect(page.getByText('Anybody?')).toBeVisible();
  await page.context().close();
});

test('[WE11] a server, a fallback or a model that cannot be meant is named', async () => {
  const page = await openWidget({open: ''});
  const wrong = {
    server: ['ftp://weft.example/', 'Cannot read the attribute "server" of this chat'],
    fallback: ['https://', 'Cannot read the attribute "fallback" of this chat'],
    model: ['nonsense', 'This site has no model "nonsense"'],
  } as const;
  for (const [name, [value, sentence]] of Object.entries(wrong)) {
    const set = (text: string) =>
      page.evaluate(
        ([attribute = '', given = '']) =>
          document.querySelector('weft-chat')?.setAttribute(attribute, given),
        [name, text],
      );
    await set(value);
    await expect(page.getByRole('alert')).toContainText(sentence);
    await set('');
    await expect(page.getByRole('alert')).toHaveCount(0);
  }
  await page.context().close();
});

test('[WE8] a fallback answers in place of a swarm that cannot, and is named', async () => {
  const page = await openWidget({fallback: completions.url, open: ''});
  await expect(page.getByText(/answers until more do\./u)).toBeVisible();
  await ask(page, 'Who are you?');
  await expect(page.getByText('From elsewhere').first()).toBeVisible();
  await expect(page.getByText(FROM_FALLBACK)).toBeVisible();
  expect(completions.asked.at(-1)).toBe('Who are you?');
  await page.context().close();
});

test('[WE8] a swarm that serves is asked alone', async () => {
  const lenders = [
    await tiny.swarm.openLendingTab(TEN_LAYERS),
    await tiny.swarm.openLendingTab(TEN_LAYERS),
  ];
  for (const tab of lenders) await tab.waitForLendState(['serving'], {timeoutMs: 60_000});
  await expect.poll(chainCount).toBe(1);
  const askedBefore = completions.asked.length;
  const page = await openWidget({fallback: completions.url, open: ''});
  await ask(page, 'Who weaves here?');
  await expect(page.getByText('Computed by 3 browser tabs.')).toBeVisible();
  expect(completions.asked).toHaveLength(askedBefore);
  await page.context().close();
  for (const tab of lenders) await tab.close();
});

test('[WE9] without its server it says so, until the server is back, and a page that opens meanwhile is whole', async () => {
  const page = await openWidget({open: ''});
  const offline = page.getByText(
    /127\.0\.0\.1:\d+ does not answer\. This chat tries again every 10 s\./u,
  );
  await expect(page.getByRole('dialog')).toBeVisible();
  await tiny.swarm.withoutServer(async () => {
    await reopen(page);
    await expect(offline).toBeVisible();
    await ask(page, 'Anybody?');
    const errors: string[] = [];
    const other = await tiny.swarm.openPage('', {
      url: `${site.url}plain.html`,
      prepare: (opened) => void opened.on('pageerror', ({message}) => errors.push(message)),
    });
    await expect(other.getByRole('heading', {name: 'A plain page'})).toBeVisible();
    await expect(other.getByText('The chat is not there yet.')).toBeVisible();
    expect(errors).toEqual([]);
    await other.context().close();
  });
  await reopen(page);
  await expect(offline).toBeHidden();
  await page.context().close();
});

test('[WE10] fifty hostile answers run nothing, request nothing, and bring no element of their own', async () => {
  expect(HOSTILE_ANSWERS).toHaveLength(50);
  const page = await openWidget({fallback: completions.url, open: ''});
  await ask(page, 'Ready?');
  await expect(page.getByText(FROM_FALLBACK)).toHaveCount(1);
  const urls: string[] = [];
  page.on('request', (request) => urls.push(request.url()));
  const shown = await page.evaluate(async (count) => {
    const chat = document.querySelector('weft-chat');
    const askChat: unknown = chat && Reflect.get(chat, 'ask');
    const lengths: number[] = [];
    for (let at = 0; at < count; at += 1) {
      if (typeof askChat !== 'function') break;
      const text: unknown = await Reflect.apply(askChat, chat, [String(at)]);
      lengths.push(String(text).length);
    }
    return lengths;
  }, HOSTILE_ANSWERS.length);
  expect(shown).toEqual(HOSTILE_ANSWERS.map(({length}) => Math.min(length, 32_768)));
  const answers = page.locator('weft-markdown');
  await expect(answers).toHaveCount(HOSTILE_ANSWERS.length + 1);
  for (const foreign of [
    'img',
    'script',
    'iframe',
    'object',
    'embed',
    'link',
    'style',
    'form',
    'input',
    'video',
    'audio',
    'svg',
    'math',
    'weft-chat',
    '[onerror]',
    '[onload]',
    '[style]',
  ]) {
    await expect(answers.locator(foreign), foreign).toHaveCount(0);
  }
  const schemes = await answers
    .locator('a')
    .evaluateAll((links) =>
      links.map((link) => new URL(String(link.getAttribute('href'))).protocol),
    );
  expect(new Set(schemes)).toEqual(new Set(['https:']));
  expect(await page.evaluate(() => Reflect.has(globalThis, 'hacked'))).toBe(false);
  const known = [completions.url, tiny.swarm.server.url];
  expect(urls.filter((url) => !known.some((start) => url.startsWith(start)))).toEqual([]);
  await page.context().close();
});
