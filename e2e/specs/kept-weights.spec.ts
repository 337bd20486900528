import {expect, test, type Page, type Request} from '@playwright/test';
import {startTinySwarm, type TinySwarm} from '../swarm/start-tiny-swarm.ts';

const SEED = 7;
/** Layers of the tiny model: a tab that may hold them all always takes the same. */
const WHOLE = 'engine=wasm&maxLayers=4';
/** Enough for the folders, and for none of the files. */
const STORAGE_BYTES = 20_000;

let tiny: TinySwarm;
test.beforeAll(async () => {
  tiny = await startTinySwarm({gguf: {seed: SEED}});
});
test.afterAll(async () => {
  await tiny.stop();
});

const lendPanel = (page: Page) => page.getByRole('region', {name: 'Lend this tab'});
const keptList = (page: Page) => page.getByRole('list', {name: 'Kept on this device'});
const isWeights = (url: string): boolean => url.includes('.gguf?');

type Fetched = {readonly requests: number; readonly bytes: number};

/** Lends until it serves. @returns what was requested of the weights for that. */
async function lend(page: Page): Promise<Fetched> {
  let requests = 0;
  let bytes = 0;
  const count = (request: Request): void => {
    if (!isWeights(request.url())) return;
    const [first = 0, last = 0] = [...(request.headers()['range'] ?? '').matchAll(/\d+/gu)].map(
      Number,
    );
    // The header: its vocabulary is read whenever a tab serves, and is no weights.
    if (first === 0) return;
    requests += 1;
    bytes += last - first + 1;
  };
  page.on('request', count);
  await lendPanel(page).getByRole('button', {name: 'Lend this tab'}).click();
  await expect(lendPanel(page).getByText('Tokens served')).toBeVisible();
  page.off('request', count);
  return {requests, bytes};
}

async function lendAgain(page: Page): Promise<Fetched> {
  await page.reload();
  return await lend(page);
}

/**
 * Flips the last byte of one file of weights, and cuts another off before its last.
 *
 * @returns how long each was.
 */
async function damage(page: Page): Promise<{readonly flipped: number; readonly cut: number}> {
  return await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const all = await root.getDirectoryHandle('weights');
    const files: FileSystemFileHandle[] = [];
    for await (const folder of all.values()) {
      if (!(folder instanceof FileSystemDirectoryHandle)) continue;
      for await (const file of folder.values()) {
        if (file instanceof FileSystemFileHandle) files.push(file);
      }
    }
    const lengths: number[] = [];
    for (const handle of files.slice(0, 2)) {
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      const isFirst = lengths.length === 0;
      if (isFirst) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      const writable = await handle.createWritable();
      await writable.write(isFirst ? bytes : bytes.subarray(0, -1));
      await writable.close();
      lengths.push(bytes.length);
    }
    const [flipped = 0, cut = 0] = lengths;
    return {flipped, cut};
  });
}

test('[WK5] [WK6] [WK8] weights stay on the device: a second lending requests none, a changed byte is found and its file fetched again, what was cut off goes on, what is deleted is gone, and two tabs fetch it once', async () => {
  const page = await tiny.swarm.openPage(`${WHOLE}&model=${tiny.model.id}`);
  const first = await lend(page);
  expect(first.requests).toBeGreaterThan(1);
  await expect(keptList(page).getByRole('listitem')).toHaveCount(1);
  expect((await lendAgain(page)).requests).toBe(0);

  const lengths = await damage(page);
  const repaired = await lendAgain(page);
  expect(repaired.bytes).toBeGreaterThan(lengths.flipped);
  expect(repaired.bytes).toBeLessThan(lengths.flipped + lengths.cut);
  await expect(
    lendPanel(page).getByText(/kept of tensor ".+" had changed, so it was downloaded again\./u),
  ).toBeVisible();
  await keptList(page)
    .getByRole('button', {name: /^Delete .+ from this device$/u})
    .press('Enter');
  await expect(keptList(page)).toHaveCount(0);
  const other = await page.context().newPage();
  await Promise.all([page.reload(), other.goto(page.url())]);
  const [one, two] = await Promise.all([lend(page), lend(other)]);
  expect(one.bytes + two.bytes).toBe(first.bytes);
  await page.context().close();
});

test('[WK7] a site without storage left serves from memory and says so', async () => {
  const page = await tiny.swarm.openPage(`${WHOLE}&model=${tiny.model.id}`);
  const session = await page.context().newCDPSession(page);
  const {origin} = new URL(page.url());
  await session.send('Storage.overrideQuotaForOrigin', {origin, quotaSize: STORAGE_BYTES});
  expect((await lend(page)).requests).toBeGreaterThan(0);
  await expect(
    lendPanel(page).getByText(
      /^The storage of this site is full, so the weights are used from memory/u,
    ),
  ).toBeVisible();
  await expect(keptList(page)).toHaveCount(0);
  await page.context().close();
});
