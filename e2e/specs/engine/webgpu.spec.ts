import {expect, test, type Page} from '@playwright/test';
import {kvBytesPerTokenLayer} from '#shared/model/model-spec.ts';
import {decodeF16, roundToWire} from '#shared/model/storage/format/binary16.ts';
import {MOST_BATCHED} from '#shared/scheduling/cost-model.ts';
import {TOP_LOGITS} from '../../../web/src/node/engine/ort/graph/build-lm-head-graph.ts';
import {GraphBuilder} from '../../../web/src/node/engine/ort/graph/graph-builder.ts';
import {serveTinyModel, type TinySite} from '../../pages/engine/serve-tiny-model.ts';
import {chromiumArguments, findChromium} from '../../tools/machine/find-chromium.ts';
import {beforeNextWorker} from '../../swarm/faults/before-next-worker.ts';
import {askForAnswer, greedyRequest} from '../../swarm/ask.ts';
import type {Swarm} from '../../swarm/start-swarm.ts';
import {startTinySwarm} from '../../swarm/start-tiny-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';
import {log} from '../../swarm/test-log.ts';
import {NOTHING_LOADED, sumBytes, watchTransfers} from '../../swarm/watch-transfers.ts';

// SwiftShader: a real WebGPU adapter, on the CPU.
test.use({
  launchOptions: {
    executablePath: await findChromium(),
    args: chromiumArguments({webgpu: 'software', delaysWasmTiering: true}),
  },
});

const TOLERANCE = 1e-3;
const KV_BUDGET_BYTES = 16 * 2 ** 20;
const TOKEN_IDS = Array.from({length: 60}, (_, at) => (at * 37) % 290);
const SEED = 5;
/** Bits of the first f16 that is no number. */
const INFINITE_F16 = 0x7c00;
const MOST_WEBGPU_CODE_BYTES = 6_500_000;
/** Two cells of a layer each: a boundary on the GPU, and no more steps than needed. */
const BOTH_CELLS = {shape: {layerCount: 2}, cutEvery: 1};
/** More than one workgroup sorts at a time. */
const MANY_TOKENS = {madeUpTokens: 5_000};
/** Of the tab that lends: each layer more is more seconds. */
const ONE_LAYER = {seed: SEED, shape: {layerCount: 1}};
/** SwiftShader compiles for seconds, and minutes on a machine that is shared. */
const LOAD_TIMEOUT_MS = 120_000;

/** With this feature onnxruntime takes a path for pieces of 32 tokens that is wrong on SwiftShader. */
const WITH_SUBGROUPS = `
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = function (descriptor) {
    return request.call(this, {...descriptor, requiredFeatures: ['subgroups']});
  };`;
const CAN_BE_LOST = `
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await request.call(this, descriptor);
    new BroadcastChannel('lose-gpu').addEventListener('message', () => device.destroy());
    return device;
  };`;

const ENGINE = /\/engine\.worker-/u;
const RESTARTED =
  'The engine of this tab stopped and was started again. If that happens often, lend less, or close other tabs and programs.';
const STOPPED =
  'The engine of this tab stopped three times in ten minutes: lend less, or close other tabs and programs.';

let site: TinySite;

test.beforeAll(async () => {
  site = await serveTinyModel({seed: SEED, ...BOTH_CELLS, ...MANY_TOKENS});
});
test.afterAll(async () => {
  await site[Symbol.asyncDispose]();
});

async function openEnginePage(page: Page): Promise<void> {
  await page.goto(site.url);
  await page.waitForFunction(() => 'enginePage' in globalThis);
}

async function load(page: Page, kind: 'wasm' | 'webgpu', kvBudgetBytes = KV_BUDGET_BYTES) {
  const {manifest} = site;
  const range = {startLayer: 0, endLayer: manifest.spec.layerCount};
  const engine = kind === 'wasm' ? {kind, threadCount: 1} : {kind};
  const shard = {manifest, range, engine, kvBudgetBytes};
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

/** Logits of the same tokens, in a session that has grown on the way and gone back, and what it took then. */
async function logitsOfDetour(page: Page) {
  return await page.evaluate(async (tokenIds) => {
    const {open, close, memory, truncate, runPiece} = globalThis.enginePage;
    const run = (first: number, last: number) =>
      runPiece(tokenIds.slice(first, last), first, 'logits');
    await open(24);
    await run(0, 20);
    await open(64);
    await run(20, 40);
    await truncate(30);
    await run(30, 50);
    await truncate(20);
    const {top} = await run(20, 40);
    const [held] = await memory();
    await close();
    const logits = Array.from(
      top?.tokenIds ?? [],
      (id, at) => [id, top?.logits[at] ?? Number.NaN] as const,
    );
    return {logits, logSumExp: top?.logSumExp ?? Number.NaN, kvBytes: held?.kvBytes};
  }, TOKEN_IDS);
}

function expectSameLogits(
  actual: readonly (readonly [tokenId: number, logit: number])[] | undefined,
  expected: readonly (readonly [tokenId: number, logit: number])[] | undefined,
): void {
  const found = new Map(actual);
  const likeliest = expected?.slice(0, 64) ?? [];
  expect(likeliest).toHaveLength(64);
  for (const [tokenId, logit] of likeliest) {
    expect(Math.abs((found.get(tokenId) ?? Number.NaN) - logit)).toBeLessThan(TOLERANCE);
  }
}

/** Sessions of these prompts, that step together, join, stay away for a step and leave. */
const TOGETHER = {
  prompts: [20, 40, 20, 40].map((length, at) => TOKEN_IDS.slice(at, at + length)),
  groups: [[0, 1, 2], [2, 0, 1], [0, 2], [1], [3, 1, 2, 0], [3, 2, 0], [0, 2], [3, 2]],
};
const BUDGET_TOKENS = 300;
/**
 * Places that are taken behind each group: three rows of 56; one that steps alone and then has 84 of its own;
 * at the limit each apart again, four rows of 84 being too many.
 */
const PLACES = [168, 168, 168, 252, 212, 185, 217, 166];

async function together(page: Page, asked: typeof TOGETHER) {
  return await page.evaluate(async (steps) => globalThis.enginePage.together(steps), asked);
}

test('[WG1] [WG6] [WG7] [WG8] a GPU gives the logits of the CPU in pieces of 20 and of 40 tokens, after them, when its cache has grown and gone back, and to sessions that step together', async ({
  page,
}) => {
  // Lengths that the engine's own test has, too: each compiles shaders of its own.
  const prompts = [
    [20, 20, 1, 1, 1],
    [40, 1, 1, 1],
  ];
  await openEnginePage(page);
  const {spec} = site.manifest;
  const placeBytes = spec.layerCount * kvBytesPerTokenLayer(spec);
  const {measured} = await load(page, 'webgpu', BUDGET_TOKENS * placeBytes);
  expect(measured.engineClass).toMatch(/^webgpu-./u);
  expect(measured.mostSessions).toBe(MOST_BATCHED);
  const actual = [];
  for (const pieces of prompts) actual.push(await logitsOf(page, pieces));
  const detour = await logitsOfDetour(page);
  // On a GPU all that is reserved is there from the start.
  expect(detour.kvBytes).toBe(64 * placeBytes);
  const met = await together(page, TOGETHER);
  expect(met.kvBytes.map((bytes) => bytes / placeBytes)).toEqual(PLACES);
  await page.evaluate(() => globalThis.enginePage.unload());
  await load(page, 'wasm');
  for (const [at, pieces] of prompts.entries()) {
    for (const [piece, expected] of (await logitsOf(page, pieces)).entries()) {
      expectSameLogits(actual[at]?.[piece], expected);
    }
  }
  const same = await logitsOfDetour(page);
  expectSameLogits(detour.logits, same.logits);
  expect(Math.abs(detour.logSumExp - same.logSumExp)).toBeLessThan(TOLERANCE);
  const falls = detour.logits.map(([, logit], at) => logit - (detour.logits[at - 1]?.[1] ?? logit));
  expect(Math.max(...falls)).toBe(0);
  const expected = await together(page, TOGETHER);
  for (const [session, steps] of expected.logits.entries()) {
    for (const [step, logits] of steps.entries()) {
      expectSameLogits(met.logits[session]?.[step], logits);
    }
  }
});

/** Of f16: every seventh, what lies half-way to the next, and what lies next to that; and what f16 cannot hold. */
function nearF16(): readonly number[] {
  const values: number[] = [];
  for (let bits = 0; bits < INFINITE_F16; bits += 7) {
    const middle = (decodeF16(bits) + decodeF16(bits + 1)) / 2;
    for (const value of [
      decodeF16(bits),
      middle,
      middle * (1 - 2 ** -23),
      middle * (1 + 2 ** -23),
    ]) {
      values.push(value, -value);
    }
  }
  return [...values, 65_519.996, 65_520, -70_001, 2 ** 40, Infinity].map(Math.fround);
}

/** More than two passes sort, with few logits that differ: in each chunk, and between chunks, the id decides. */
const EQUAL_LOGITS = [5, 7].map((kinds) =>
  Array.from({length: 20_000}, (_, tokenId) => (tokenId * tokenId) % kinds),
);

test('[GR15] [WG8] between two cells a GPU rounds as the wire does, bit for bit; of equal logits the lower ids are the likeliest', async ({
  page,
}) => {
  await openEnginePage(page);
  const likeliest = await page.evaluate(
    (rows) => globalThis.enginePage.topOnGpu(rows),
    EQUAL_LOGITS,
  );
  // A stable sort.
  const sorted = EQUAL_LOGITS.map((logits) =>
    [...logits.keys()].toSorted((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0)),
  );
  expect(likeliest).toEqual(sorted.map((ids) => ids.slice(0, TOP_LOGITS)));
  const values = nearF16();
  const rounded = await page.evaluate((given) => globalThis.enginePage.roundOnGpu(given), values);
  expect(rounded).toEqual(values.map(roundToWire));
});

/** A product of four-bit weights; with zero points of their own WebGPU has no kernel for it. */
function productGraph(inputs: readonly string[]) {
  const graph = new GraphBuilder();
  graph.input('x', 'f32', ['rows', 32]);
  graph.bytes('blocks', [8, 1, 16], (bytes) => bytes.fill(0x53));
  graph.weights('scales', [8, 1], (values) => values.fill(0.5));
  graph.weights('zeros', [8, 1], (values) => values.fill(7.25));
  graph.node({
    op: 'MatMulNBits',
    domain: 'microsoft',
    inputs,
    outputs: ['y'],
    attributes: {K: {int: 32}, N: {int: 8}, bits: {int: 4}, block_size: {int: 32}},
  });
  graph.output('y', 'f32', ['rows', 8]);
  const model = graph.build('a product');
  return {...model, graph: [...model.graph], weights: [...model.weights]};
}

test('[WG2] an operator that the GPU cannot run is an error, and does not go to the CPU', async ({
  page,
}) => {
  await openEnginePage(page);
  const refusalOf = (inputs: readonly string[]) =>
    page.evaluate((model) => globalThis.enginePage.refuseOnGpu(model), productGraph(inputs));
  expect(await refusalOf(['x', 'blocks', 'scales'])).toBeNull();
  expect(await refusalOf(['x', 'blocks', 'scales', 'zeros'])).toContain(
    'fallback to CPU EP has been explicitly disabled',
  );
});

/** A tab that may use the GPU, which can be lost; resolves when it serves the whole model. */
async function lendOnGpu(swarm: Swarm, model: string) {
  let loaded = NOTHING_LOADED;
  const life: string[] = [];
  const tab = await swarm.openTab({
    model,
    onTabEvent: ({event}) => void life.push(event),
    prepare: (page) => {
      loaded = watchTransfers(page);
    },
  });
  await beforeNextWorker(tab.page, CAN_BE_LOST);
  await tab.lend({engine: 'webgpu', threadCount: 2, capacity: {kind: 'layers', maxLayers: 1}});
  const state = await tab.waitForLendState(['serving', 'failed'], {timeoutMs: LOAD_TIMEOUT_MS});
  if (state.kind !== 'serving') throw new Error(`The tab serves nothing: ${JSON.stringify(state)}`);
  const code = (await loaded()).filter(({url}) => !url.includes('.gguf?'));
  return {tab, life, state, codeBytes: sumBytes(code)};
}

/** What the swarm answers, and on which engines. */
async function ask(client: Tab) {
  const answer = await askForAnswer(client, greedyRequest('hello world', {maxNewTokens: 3}));
  return {tokenIds: answer.tokenIds, engines: answer.chains.at(-1)?.map(({engine}) => engine)};
}

type Lender = Awaited<ReturnType<typeof lendOnGpu>>;

/** Its engine is made to end, and another takes its place; nothing is left of the first. */
async function losesEngine({tab, life}: Lender, lose: () => Promise<void>) {
  const {peerId} = await tab.traffic();
  life.length = 0;
  await lose();
  await expect.poll(() => life, {timeout: LOAD_TIMEOUT_MS}).toContain('serving');
  expect(life.filter((event) => event !== 'refused')).toEqual([
    'engine-lost',
    'claimed',
    'loading',
    'serving',
  ]);
  expect((await tab.traffic()).peerId).toBe(peerId);
  const notice = tab.page.getByRole('status').filter({hasText: RESTARTED});
  await expect(notice).toBeVisible();
  // What compared the GPU with the CPU is still ending.
  const engines = () => tab.page.workers().filter((worker) => ENGINE.test(worker.url())).length;
  await expect.poll(engines).toBe(1);
}

test('[WG3] [WG4] [LN5] [PG52] [PG62] a lending tab answers from the GPU, asks for it again when it is lost, takes the CPU when it is wrong, and gives up an engine that ends for the third time', async () => {
  const {swarm, model, stop} = await startTinySwarm({webgpu: 'software', gguf: ONE_LAYER});
  try {
    const client = await swarm.openTab({model: model.id});
    const lender = await lendOnGpu(swarm, model.id);
    const {tab, state, codeBytes} = lender;
    expect(state).toMatchObject({
      engine: expect.stringMatching(/^webgpu-./u),
      engineFallback: null,
    });
    log(`From the address to serving on the GPU: ${codeBytes} bytes of code`);
    expect(codeBytes).toBeLessThanOrEqual(MOST_WEBGPU_CODE_BYTES);
    const onGpu = await ask(client);
    expect(onGpu.tokenIds).toHaveLength(3);
    expect(onGpu.engines).toEqual([state.engine]);

    await losesEngine(lender, () =>
      tab.page.evaluate<void>(`new BroadcastChannel('lose-gpu').postMessage(null)`),
    );
    expect(await ask(client)).toEqual(onGpu);

    await beforeNextWorker(tab.page, WITH_SUBGROUPS);
    await losesEngine(lender, () => tab.crashEngine());
    expect(await tab.lendState()).toMatchObject({
      engine: 'wasm-f32',
      engineFallback: {
        code: 'SELF_TEST_FAILED',
        message: 'The GPU gives other numbers for a prompt in pieces than for a whole one',
      },
    });
    // The page is served isolated, so the CPU has the two threads that were asked for.
    expect(tab.page.workers().map((worker) => worker.url())).toContainEqual(
      expect.stringContaining('/ort.wasm.'),
    );
    expect(await ask(client)).toEqual({tokenIds: onGpu.tokenIds, engines: ['wasm-f32']});

    await tab.crashEngine();
    await expect(tab.page.getByRole('alert').filter({hasText: STOPPED})).toBeVisible({
      timeout: LOAD_TIMEOUT_MS,
    });
    expect(await tab.lendState()).toMatchObject({kind: 'failed', code: 'ENGINE_LOST'});
  } finally {
    await stop();
  }
});

test('[WG5] [PG38] on a browser without WebGPU the page lends its CPU, and says so, and what it holds', async () => {
  const {swarm, stop} = await startTinySwarm({gguf: ONE_LAYER});
  try {
    const page = await swarm.openPage('maxLayers=1');
    const lend = page.getByRole('region', {name: 'Lend this tab'});
    await lend.getByRole('button', {name: 'Lend this tab'}).click();
    const sentence =
      /^Runs on the CPU\. Cannot run layers on a GPU: this browser (has|offers) no /u;
    await expect(lend.getByText(sentence)).toBeVisible({timeout: LOAD_TIMEOUT_MS});
    const figure = (name: string) => lend.locator('dl > div', {hasText: name}).locator('dd');
    await expect(figure('Runs on')).toHaveText('CPU');
    await expect(figure('In memory')).toHaveText(/^\d+ kB$/u);
  } finally {
    await stop();
  }
});
