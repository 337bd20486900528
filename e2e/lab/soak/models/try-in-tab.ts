import type {Page} from 'playwright';
import type {Given} from '#shared/lab/reference-forward/compare-with-engine.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {kvBytesPerTokenLayer, mostPositions} from '#shared/model/model-spec.ts';
import type {TinySite} from '../../../pages/engine/serve-tiny-model.ts';

/** Boundaries in the middle too: three cells or four. */
export const CUT_EVERY = 2;
export const NEW_TOKENS = 4;
/** Longer than what a layer with a window remembers. */
const PROMPT_TOKENS = 300;
/** Those of LongRoPE end sooner. */
const SHORT_PROMPT_TOKENS = 56;
const PIECES = [1, 16, 33, 64];
/** Each more takes a GPU that the CPU plays as long as a page of text. */
const GPU_PIECES = [40, 1, 1];
/** More than a layer with a window has room for. */
const GPU_WINDOW_PIECES = [128, 128, 40, 1, 1];
const KV_TOKENS = 320;

/** With how many ways to cut a prompt or a model gave other bits than the first. */
type Tried = Given & {readonly otherBits: number};

/** Every way to cut prompt and model, and the rules of runners. */
export async function tryWasm(
  page: Page,
  {manifest}: TinySite,
): Promise<Tried & {readonly brokenRules: readonly string[]}> {
  const tokenIds = promptFor(manifest);
  const bits = await bitsInEveryWay(page, manifest, tokenIds);
  await load(page, manifest, {engine: 'wasm', ranges: [wholeOf(manifest)]});
  const steps = await greedy(page, tokenIds);
  const given = steps.slice(0, -1).map(({tokenId}) => tokenId);
  const pieces = [tokenIds, ...given.map((tokenId) => [tokenId])];
  const behind = await hiddenBehind(page, {pieces, cutEvery: CUT_EVERY});
  const room = roomOf(manifest);
  const brokenRules = await page.evaluate((most) => globalThis.enginePage.brokenRules(most), room);
  const tops = steps.map(({top}) => top);
  return {tokenIds, tops, behind, brokenRules, otherBits: new Set(bits).size - 1};
}

/** A prompt through all cells at once, whose boundaries are on the GPU, and cell by cell, with the wire's in between. */
export async function tryGpu(page: Page, {manifest}: TinySite): Promise<Tried> {
  await load(page, manifest, {engine: 'webgpu', ranges: [wholeOf(manifest)]});
  const {tokenIds, pieces} = gpuPromptFor(manifest);
  const logits = await logitsAfter(page, tokenIds, pieces);
  const {layerCount} = manifest.spec;
  const inTurn = inPieces(tokenIds, pieces);
  const atOnce = await hiddenBehind(page, {pieces: inTurn, cutEvery: layerCount});
  const behind = await hiddenBehind(page, {pieces: inTurn, cutEvery: CUT_EVERY});
  const ends = [atOnce, behind].map((each) => JSON.stringify([...(each.get(layerCount) ?? [])]));
  const top = [...logits].map(([id, logit]) => ({id, logit}));
  return {tokenIds, tops: [top], behind, otherBits: new Set(ends).size - 1};
}

function promptFor({spec}: Manifest): readonly number[] {
  const length = spec.contextTokens > PROMPT_TOKENS ? PROMPT_TOKENS : SHORT_PROMPT_TOKENS;
  return Array.from({length}, (_, at) => 3 + ((at * 37) % 250));
}

function gpuPromptFor(manifest: Manifest) {
  const pieces = manifest.spec.window === undefined ? GPU_PIECES : GPU_WINDOW_PIECES;
  const length = pieces.reduce((sum, tokens) => sum + tokens, 0);
  return {tokenIds: promptFor(manifest).slice(0, length), pieces};
}

function inPieces(
  tokenIds: readonly number[],
  pieces: readonly number[],
): readonly (readonly number[])[] {
  let startToken = 0;
  return pieces.map((tokens) => tokenIds.slice(startToken, (startToken += tokens)));
}

/** What the last token of a prompt gives: whole, in pieces, and over two shards. */
async function bitsInEveryWay(
  page: Page,
  manifest: Manifest,
  tokenIds: readonly number[],
): Promise<readonly string[]> {
  const bits: string[] = [];
  const whole = wholeOf(manifest);
  const cut = {startLayer: CUT_EVERY, endLayer: whole.endLayer};
  const ways: readonly (readonly LayerRange[])[] = [
    [whole],
    [{startLayer: 0, endLayer: CUT_EVERY}, cut],
  ];
  for (const ranges of ways) {
    await load(page, manifest, {engine: 'wasm', ranges});
    for (const pieceTokens of [tokenIds.length, ...PIECES]) {
      const count = Math.ceil(tokenIds.length / pieceTokens);
      const pieces = Array.from({length: count}, (_, at) =>
        Math.min(pieceTokens, tokenIds.length - at * pieceTokens),
      );
      bits.push(JSON.stringify([...(await logitsAfter(page, tokenIds, pieces))]));
    }
    await page.evaluate(() => globalThis.enginePage.unload());
  }
  return bits;
}

/** Positions that all sessions together may have. */
function roomOf({spec}: Manifest): number {
  return mostPositions(spec, KV_TOKENS);
}

function wholeOf({spec}: Manifest): LayerRange {
  return {startLayer: 0, endLayer: spec.layerCount};
}

async function load(
  page: Page,
  manifest: Manifest,
  {engine, ranges}: {readonly engine: 'wasm' | 'webgpu'; readonly ranges: readonly LayerRange[]},
): Promise<void> {
  const {spec} = manifest;
  for (const range of ranges) {
    await page.evaluate((shard) => globalThis.enginePage.load(shard), {
      manifest,
      range,
      weightsUrl: '/model.gguf',
      kvBudgetBytes: roomOf(manifest) * spec.layerCount * kvBytesPerTokenLayer(spec),
      engine:
        engine === 'wasm' ? ({kind: engine, threadCount: 1} as const) : ({kind: engine} as const),
    });
  }
}

/** Logits behind the last piece, by token. */
async function logitsAfter(
  page: Page,
  tokenIds: readonly number[],
  pieces: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const tops = await page.evaluate(
    async ({kvTokens, ...request}) => {
      await globalThis.enginePage.open(kvTokens);
      const logits = await globalThis.enginePage.logitsOf(request);
      await globalThis.enginePage.close();
      return logits;
    },
    {tokenIds, pieces, kvTokens: tokenIds.length},
  );
  return new Map(tops.at(-1));
}

/** What each cell passes on, by the layer behind it. */
async function hiddenBehind(
  page: Page,
  run: {readonly pieces: readonly (readonly number[])[]; readonly cutEvery: number},
): Promise<ReadonlyMap<number, Float32Array>> {
  const behind = await page.evaluate(
    async ({kvTokens, ...request}) => {
      await globalThis.enginePage.open(kvTokens);
      const hidden = await globalThis.enginePage.hiddenBehind(request);
      await globalThis.enginePage.close();
      return hidden;
    },
    {...run, kvTokens: run.pieces.flat().length},
  );
  return new Map(behind.map(([layer, values]) => [layer, Float32Array.from(values)]));
}

async function greedy(page: Page, promptIds: readonly number[]) {
  return await page.evaluate(
    async ({kvTokens, ...request}) => {
      await globalThis.enginePage.open(kvTokens);
      const steps = await globalThis.enginePage.greedy(request);
      await globalThis.enginePage.close();
      return steps;
    },
    {
      promptIds,
      maxNewTokens: NEW_TOKENS,
      endTokenIds: [],
      kvTokens: promptIds.length + NEW_TOKENS,
    },
  );
}
