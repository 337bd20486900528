/// <reference types="node" />
import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {expect, test, type Page} from '@playwright/test';
import * as z from 'zod';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {kvBytesPerTokenLayer} from '#shared/model/model-spec.ts';
import {parseManifest} from '#shared/model/manifest/parse-manifest.ts';
import {
  sumByteLength,
  tensorsOfCell,
  tensorsOfEmbedding,
  tensorsOfShard,
} from '#shared/model/manifest/shard-tensors.ts';
import {batchMs, MOST_BATCHED} from '#shared/scheduling/cost-model.ts';
import type {EngineErrorDetail} from '../../../web/src/node/engine/engine-error.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {serveEnginePage, type EngineSite} from '../../pages/engine/serve-engine-page.ts';

const fromRoot = (path: string): string =>
  fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const readJson = async (path: string): Promise<unknown> =>
  JSON.parse(await readFile(fromRoot(path), 'utf8'));

const referenceSchema = z.object({
  items: z
    .array(
      z.object({
        prompt_ids: z.array(z.int()),
        exact_f32: z.object({ids: z.array(z.int())}),
      }),
    )
    .min(1),
});

const MODEL_PATH =
  process.env['WEFT_MODEL'] ?? fromRoot('.cache/models/SmolLM2-135M-Instruct.Q4_1.gguf');
const WHOLE = {startLayer: 0, endLayer: 30};
/** The smallest shard with the embedding. */
const FIRST_CELL = {startLayer: 0, endLayer: 5};
/** A cell in the middle: the cheapest shard. */
const CELL = {startLayer: 5, endLayer: 10};
const KV_BUDGET_BYTES = 64 * 2 ** 20;
/** Gaps of alignment between tensors are read with them. */
const ALIGNMENT_BYTES = 32;

let site: EngineSite;
let manifest: Manifest;

test.beforeAll(async () => {
  site = await serveEnginePage(MODEL_PATH);
  manifest = parseManifest(await readJson('public/catalog/smollm2-135m-instruct.manifest.json'));
});
test.afterAll(async () => {
  await site[Symbol.asyncDispose]();
});
test.beforeEach(async ({page}) => {
  const outside: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(site.url) && !request.url().startsWith('blob:')) {
      outside.push(request.url());
    }
  });
  await page.goto(site.url);
  await page.waitForFunction(() => 'enginePage' in globalThis);
  expect(outside, 'the page asks no other origin').toEqual([]);
});

type ShardWish = {readonly file?: string; readonly kvBudgetBytes?: number};

function load(page: Page, range: LayerRange, wish: ShardWish = {}) {
  const {file = 'model.gguf', kvBudgetBytes = KV_BUDGET_BYTES} = wish;
  const shard = {manifest, range, kvBudgetBytes, weightsUrl: `/${file}`};
  return page.evaluate((request) => globalThis.enginePage.load(request), shard);
}

/** Layers as f32, as the CPU has them, and the embedding as stored. */
function expandedBytes(range: LayerRange): number {
  const values = tensorsOfCell(manifest, range).reduce(
    (sum, {shape}) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  return 4 * values + sumByteLength(tensorsOfEmbedding(manifest));
}

async function expectFailure(
  act: Promise<unknown>,
  code: EngineErrorDetail['code'],
): Promise<string> {
  const failure = await act.then(
    () => null,
    (error: unknown) => String(error),
  );
  expect(failure).toContain('EngineError');
  expect(failure).toContain(`[${code}]`);
  return failure ?? '';
}

/** A tiny model beside the real one, a layer for each cell. */
async function offerTiny(gguf: Parameters<typeof tinyGguf>[0]) {
  const name = `tiny-${gguf.seed}.gguf`;
  const bytes = tinyGguf(gguf);
  await site.offer(name, bytes);
  const tiny = await tinyManifest(bytes, {cutEvery: 1});
  return {
    spec: tiny.spec,
    shard: {
      manifest: tiny,
      range: {startLayer: 0, endLayer: tiny.spec.layerCount},
      kvBudgetBytes: KV_BUDGET_BYTES,
      weightsUrl: `/${name}`,
    },
  };
}

test('[EN1] one tab says of the real model what exact arithmetic says', async ({page}) => {
  const {items} = referenceSchema.parse(await readJson('e2e/reference/smollm2-greedy.json'));
  const [chat] = items;
  if (chat === undefined) throw new Error('No reference chat');
  const expectedIds = chat.exact_f32.ids;
  const {measured, progress} = await load(page, WHOLE);
  expect(measured.engineClass).toBe('wasm-f32');
  expect(measured.mostSessions).toBe(MOST_BATCHED);
  expect(batchMs(measured.decodeMsPerLayer, 1)).toBeGreaterThan(0);
  expect(measured.prefillMsPerTokenLayer).toBeGreaterThan(0);
  expect(batchMs(measured.lmHeadMs ?? {fixedMs: 0, perSessionMs: 0}, 1)).toBeGreaterThan(0);
  const lastOf = (kind: string) => progress.findLast((step) => step.kind === kind);
  const bytesTotal = 96_576_768;
  expect(lastOf('weights')).toEqual({kind: 'weights', bytesDone: bytesTotal, bytesTotal});
  expect(lastOf('graph')).toEqual({kind: 'graph', cellsDone: 7, cellsTotal: 7});
  expect(lastOf('warm-up')).toMatchObject({runsDone: 67, runsTotal: 67});
  await page.evaluate(() => globalThis.enginePage.open(128));
  const steps = await page.evaluate((request) => globalThis.enginePage.greedy(request), {
    promptIds: chat.prompt_ids,
    maxNewTokens: expectedIds.length,
    endTokenIds: manifest.spec.endTokenIds,
  });
  expect(steps.map(({tokenId}) => tokenId)).toEqual(expectedIds);
});

test('[EN1] three tabs give the bits of one, however the prompt is cut', async ({page}) => {
  const {shard} = await offerTiny({seed: 21, shape: {layerCount: 6}});
  const tokenIds = Array.from({length: 41}, (_, at) => 3 + ((at * 37) % 250));
  const half = tokenIds.length >> 1;
  const bitsIn = async (pieces: readonly number[]) =>
    await page.evaluate(
      async (request) => {
        await globalThis.enginePage.open(64);
        const bits = await globalThis.enginePage.bitsOf(request);
        await globalThis.enginePage.close();
        return bits;
      },
      {tokenIds, pieces, nextTokenId: 5, startPosition: 0},
    );
  const loadTiny = (range: LayerRange) =>
    page.evaluate((request) => globalThis.enginePage.load(request), {...shard, range});
  await loadTiny({startLayer: 0, endLayer: 6});
  const whole = await bitsIn([tokenIds.length]);
  expect(whole.logits).toHaveLength(256);
  expect(await bitsIn([half, 1, tokenIds.length - half - 1])).toEqual(whole);
  await page.evaluate(() => globalThis.enginePage.unload());

  for (const startLayer of [0, 2, 4]) await loadTiny({startLayer, endLayer: startLayer + 2});
  expect(await bitsIn([tokenIds.length])).toEqual(whole);
  expect(await bitsIn([1, 20, 2, tokenIds.length - 23])).toEqual(whole);
});

test('[EN2] [EN5] of the file, only the bytes of the asked tensors are read; when the worker dies, what waits is rejected, and so is what comes after', async ({
  page,
}) => {
  site.takeRanges();
  await load(page, CELL);
  const ranges = site.takeRanges();
  const readBytes = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const entries = tensorsOfShard(manifest, {range: CELL, embedding: false, lmHead: false});
  const ownBytes = entries.reduce((sum, {byteLength}) => sum + byteLength, 0);
  expect(readBytes).toBeGreaterThanOrEqual(ownBytes);
  expect(readBytes).toBeLessThan(ownBytes + entries.length * ALIGNMENT_BYTES);
  expect(ranges.length).toBeLessThanOrEqual(5);
  const isAsked = (first: number, last: number): boolean =>
    entries.some((e) => e.offsetBytes === first) &&
    entries.some((e) => e.offsetBytes + e.byteLength === last + 1);
  expect(ranges.filter(([first, last]) => !isAsked(first, last))).toEqual([]);

  const waiting = page.evaluate(async () => {
    const opening = globalThis.enginePage.open(10);
    globalThis.enginePage.crashWorker();
    await opening;
  });
  await expectFailure(waiting, 'ENGINE_LOST');
  await expectFailure(
    page.evaluate(() => globalThis.enginePage.open(10)),
    'ENGINE_LOST',
  );
});

test('[EN3] weights that are altered or not there are refused with what to look at', async ({
  page,
}) => {
  const altered = tensorsOfCell(manifest, CELL)[3];
  if (altered === undefined) throw new Error('No such tensor');
  site.alterByte(altered.offsetBytes + 1000);
  const message = await expectFailure(load(page, CELL, {file: 'altered.gguf'}), 'TENSOR_ALTERED');
  expect(message).toContain(`tensor "${altered.name}"`);
  expect(message).toContain(`instead of ${altered.sha256.slice(0, 8)}…`);
  const ignored = await expectFailure(
    load(page, CELL, {file: 'whole.gguf'}),
    'WEIGHTS_UNREACHABLE',
  );
  expect(ignored).toContain(`${site.url}whole.gguf`);
  expect(ignored).toContain('the server ignores ranges');
});

test('[EN4] [EN9] a cache is reserved, bounded, counted, and rolled back to the same bits', async ({
  page,
}) => {
  const bytesPerToken = 5 * 2 * 3 * 64 * 4;
  await load(page, FIRST_CELL, {kvBudgetBytes: 100 * bytesPerToken});
  const run = (tokenIds: readonly number[], position: number) =>
    page.evaluate(
      async ([ids, at]) => {
        const {hidden} = await globalThis.enginePage.runPiece(ids, at, 'hidden');
        return hidden.kind === 'hidden' ? [...hidden.bytes].join() : '';
      },
      [tokenIds, position] as const,
    );
  const open = (kvTokens: number) =>
    page.evaluate((tokens) => globalThis.enginePage.open(tokens), kvTokens);
  const held = async () => {
    const [shard] = await page.evaluate(() => globalThis.enginePage.memory());
    return {weightBytes: shard?.weightBytes ?? 0, kvTokens: (shard?.kvBytes ?? 0) / bytesPerToken};
  };
  const {weightBytes} = await held();
  const expectedBytes = expandedBytes(FIRST_CELL);
  expect(weightBytes / expectedBytes).toBeGreaterThanOrEqual(1);
  // One table of positions, and small constants.
  expect(weightBytes / expectedBytes).toBeLessThan(1.1);
  const full = await expectFailure(open(101), 'KV_FULL');
  expect(full).toContain('No room to remember 101 tokens: 100 are left');
  await expectFailure(open(8193), 'CONTEXT_FULL');
  await expectFailure(run([1], 0), 'UNKNOWN_SESSION');

  await open(12);
  const tokenIds = Array.from({length: 12}, (_, at) => 500 + 7 * at);
  const first = await run(tokenIds.slice(0, 8), 0);
  const second = await run(tokenIds.slice(8), 8);
  // In steps of 16 positions.
  expect(await held()).toEqual({weightBytes, kvTokens: 16});
  await expectFailure(run([1], 12), 'KV_FULL');
  await expectFailure(run([1], 3), 'WRONG_POSITION');
  await expectFailure(run([49152], 12), 'KV_FULL');
  await page.evaluate(() => globalThis.enginePage.truncate(8));
  expect(await held()).toEqual({weightBytes, kvTokens: 16});
  await expectFailure(run([49152], 8), 'BAD_STEP');
  expect(await run(tokenIds.slice(8), 8)).toBe(second);
  await page.evaluate(() => globalThis.enginePage.truncate(0));
  expect(await run(tokenIds.slice(0, 8), 0)).toBe(first);
  const others = await run([9, 9, 9, 9], 8);
  expect(others).not.toBe(second);
  await page.evaluate(() => globalThis.enginePage.truncate(8));
  expect(await run(tokenIds.slice(8), 8)).toBe(second);
  await page.evaluate(() => globalThis.enginePage.close());
  expect(await held()).toEqual({weightBytes, kvTokens: 0});
});

test('[EN7] a load that is abandoned ends with the reason given', async ({page}) => {
  const shard = {manifest, range: CELL, kvBudgetBytes: KV_BUDGET_BYTES, weightsUrl: '/model.gguf'};
  const reason = await page.evaluate(
    (request) => globalThis.enginePage.abandonLoad(request),
    shard,
  );
  expect(reason).toBe('no longer wanted');
});

test('[EN8] two threads give the bits of one, and a page that is not isolated has one', async ({
  page,
}) => {
  // As wide as the real model: of narrower products onnxruntime gives no part to another thread.
  const shape = {
    layerCount: 2,
    hiddenSize: 576,
    feedForwardSize: 1536,
    headCount: 9,
    kvHeadCount: 3,
  };
  const {shard} = await offerTiny({seed: 8, shape});
  const bitsWith = async (threadCount: number) => {
    const engine = {kind: 'wasm', threadCount} as const;
    const {measured} = await page.evaluate((request) => globalThis.enginePage.load(request), {
      ...shard,
      engine,
    });
    const workers = page.workers().map((worker) => worker.url());
    const threads = 1 + workers.filter((url) => url.includes('/ort.wasm.')).length;
    const bits = await page.evaluate(async () => {
      await globalThis.enginePage.open(64);
      const pieces: string[] = [];
      let position = 0;
      for (const tokenCount of [40, 1, 7, 1]) {
        const ids = Array.from({length: tokenCount}, (_, at) => 50 + 4 * (position + at));
        const {hidden} = await globalThis.enginePage.runPiece(ids, position, 'hidden');
        pieces.push(hidden.kind === 'hidden' ? [...hidden.bytes].join() : '');
        position += tokenCount;
      }
      await globalThis.enginePage.unload();
      return pieces;
    });
    return {threads: [measured.threadCount, threads], bits};
  };
  const one = await bitsWith(1);
  expect(one.threads).toEqual([1, 1]);
  expect(await bitsWith(2)).toEqual({threads: [2, 2], bits: one.bits});
  await page.goto(`${site.url}plain.html`);
  await page.waitForFunction(() => 'enginePage' in globalThis);
  expect(await bitsWith(2)).toEqual(one);
});

const take = async (tab: Page): Promise<number> =>
  await tab.evaluate(() => globalThis.enginePage.takeThreadsOf(8));

test('[EN10] tabs of a browser that lend share the cores of the processor', async ({page}) => {
  const open = async (path: string) => {
    const tab = await page.context().newPage();
    await tab.goto(`${site.url}${path}`);
    await tab.waitForFunction(() => 'enginePage' in globalThis);
    return tab;
  };
  const [second, third, plain] = [await open(''), await open(''), await open('plain.html')];
  expect([await take(page), await take(second), await take(third), await take(plain)]).toEqual([
    4, 3, 1, 1,
  ]);
  await page.evaluate(() => globalThis.enginePage.giveBackThreads());
  await second.close();
  // Of 7 the third has one still. Locks of a tab that is closed end some time after it.
  await expect
    .poll(async () => {
      const threadCount = await take(page);
      await page.evaluate(() => globalThis.enginePage.giveBackThreads());
      return threadCount;
    })
    .toBe(4);
  for (const tab of [third, plain]) await tab.close();
});

test('[RU1] [RU2] [RU3] [RU4] [RU5] [RU6] a shard in the engine worker keeps the contract of all runners', async ({
  page,
}) => {
  const {shard, spec} = await offerTiny({seed: 5});
  const kvTokens = 64;
  const kvBudgetBytes = kvTokens * spec.layerCount * kvBytesPerTokenLayer(spec);
  await page.evaluate((request) => globalThis.enginePage.load(request), {...shard, kvBudgetBytes});
  const broken = await page.evaluate((most) => globalThis.enginePage.brokenRules(most), kvTokens);
  expect(broken).toEqual([]);
});

// Query heads that share a key and value head: none (the extra row), two, all four.
for (const kvHeadCount of [4, 2, 1]) {
  test(`[EN6] a long prompt gives the same bits in any pieces: 4 heads over ${kvHeadCount}`, async ({
    page,
  }) => {
    const {shard} = await offerTiny({seed: 11 + kvHeadCount, shape: {kvHeadCount}});
    await page.evaluate((request) => globalThis.enginePage.load(request), shard);
    // Past 256, where the engine's kernels cut their sums, and past the longest piece of 128.
    const tokenIds = Array.from({length: 300}, (_, at) => (at * 37) % 290);
    const bitsIn = (pieces: readonly number[]) =>
      page.evaluate(
        async (request) => {
          await globalThis.enginePage.open(400);
          const bits = await globalThis.enginePage.bitsOf(request);
          await globalThis.enginePage.close();
          return bits;
        },
        {tokenIds, pieces, nextTokenId: 5, startPosition: 0},
      );
    const whole = await bitsIn([300]);
    const oneByOne = Array.from({length: 60}, () => 1);
    for (const pieces of [
      [1, 299],
      [17, 127, 129, 26, 1],
      [240, ...oneByOne],
    ]) {
      expect(await bitsIn(pieces)).toEqual(whole);
    }
  });
}
