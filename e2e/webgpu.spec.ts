import {expect, test, type Page} from '@playwright/test';
import {serveTinyModel, type TinySite} from './engine-page/serve-tiny-model.ts';
import {chromiumArguments, findChromium} from './set-up/find-chromium.ts';

// SwiftShader: a real WebGPU adapter, on the CPU.
test.use({
  launchOptions: {
    executablePath: await findChromium(),
    args: chromiumArguments({webgpu: true}),
  },
});

const TOLERANCE = 1e-3;
const KV_BUDGET_BYTES = 16 * 2 ** 20;
const TOKEN_IDS = Array.from({length: 60}, (_, at) => (at * 37) % 290);

let site: TinySite;

test.beforeAll(async () => {
  site = await serveTinyModel({seed: 5, cutEvery: 2});
});
test.afterAll(async () => {
  await site[Symbol.asyncDispose]();
});
test.beforeEach(async ({page}) => {
  await page.goto(site.url);
  await page.waitForFunction(() => 'enginePage' in globalThis);
});

async function load(page: Page, kind: 'wasm' | 'webgpu') {
  const {manifest} = site;
  const range = {startLayer: 0, endLayer: manifest.spec.layerCount};
  const engine = kind === 'wasm' ? {kind, threadCount: 1} : {kind};
  const shard = {engine, manifest, range, kvBudgetBytes: KV_BUDGET_BYTES};
  return await page.evaluate((request) => globalThis.enginePage.load(request), {
    ...shard,
    weightsUrl: '/model.gguf',
  });
}

async function logitsOf(page: Page, pieces: readonly number[]) {
  return await page.evaluate(
    async (request) => {
      await globalThis.enginePage.open(64);
      const logits = await globalThis.enginePage.logitsOf(request);
      await globalThis.enginePage.close();
      return logits;
    },
    {tokenIds: TOKEN_IDS, pieces},
  );
}

test('[WG1] a GPU gives the logits of the CPU, whatever the length of a piece', async ({page}) => {
  const prompts = [
    [16, 16, 8, 1, 1, 1],
    [40, 1, 1, 1],
  ];
  const {measured} = await load(page, 'webgpu');
  expect(measured.engineClass).toMatch(/^webgpu-/u);
  const actual = [];
  for (const pieces of prompts) actual.push(await logitsOf(page, pieces));
  await page.evaluate(() => globalThis.enginePage.unload());
  await load(page, 'wasm');
  for (const [at, pieces] of prompts.entries()) {
    for (const [piece, expected] of (await logitsOf(page, pieces)).entries()) {
      const found = new Map(actual[at]?.[piece]);
      for (const [tokenId, logit] of expected.slice(0, 64)) {
        expect(Math.abs((found.get(tokenId) ?? Number.NaN) - logit)).toBeLessThan(TOLERANCE);
      }
    }
  }
});
