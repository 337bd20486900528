import type {Page} from 'playwright';
import {EngineRoundings} from '#shared/lab/reference-forward/engine-roundings.ts';
import {greedyReference} from '#shared/lab/reference-forward/greedy-reference.ts';
import {ReferenceForward, type Crossing} from '#shared/lab/reference-forward/reference-forward.ts';
import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {kvBytesPerTokenLayer, mostPositions} from '#shared/model/model-spec.ts';
import {TENSOR_DTYPES, type TensorDtype} from '#shared/model/storage/block-sizes.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {TINY_FAMILIES} from '#shared/testing/tiny-models/tiny-families.ts';
import {inEnginePage} from '../../../pages/engine/in-engine-page.ts';
import {serveTinyModel, type TinySite} from '../../../pages/engine/serve-tiny-model.ts';
import {log} from '../../../swarm/test-log.ts';
import {isAmong, type Soak, type SoakContext} from '../soak.ts';

/** Longer than what a layer with a window remembers. */
const PROMPT_TOKENS = 300;
/** Those of LongRoPE end sooner. */
const SHORT_PROMPT_TOKENS = 56;
const PIECES = [1, 16, 33, 64];
/** Each more takes a GPU that the CPU plays as long as a page of text. */
const GPU_PIECES = [40, 1, 1];
/** More than a layer with a window has room for. */
const GPU_WINDOW_PIECES = [128, 128, 40, 1, 1];
const NEW_TOKENS = 4;
const KV_TOKENS = 320;
/** Boundaries in the middle too: three cells or four. */
const CUT_EVERY = 2;
/** Of the likeliest token, from the same f16 at every boundary. */
const WASM_TOLERANCE = 1e-4;
const GPU_TOLERANCE = 1e-3;
/** Where two tokens are nearly as likely, float32 may choose the other. */
const CLEAR_MARGIN = 0.05;

type Found = {
  readonly wrongIds: number;
  readonly otherBits: number;
  readonly brokenRules: readonly string[];
  readonly wasmError: number;
  readonly gpuError: number;
  /** Of the numbers that crossed boundaries on WASM: all, those near the middle of two f16, and those that are wrong. */
  readonly crossed: number;
  readonly followed: number;
  readonly unexplained: number;
};

type TinyModel = Omit<Parameters<typeof tinyGguf>[0], 'seed'>;

/** Rows are whole blocks of every storage type. */
const BLOCK_SHAPE = {layerCount: 4, hiddenSize: 256, feedForwardSize: 256};

/** A model of each family, and one of each storage type; of them only some. */
function tinyModels(
  only: SoakContext['only'],
): readonly (readonly [name: string, model: TinyModel])[] {
  const families = Object.entries(TINY_FAMILIES).map(([name, family]) => [name, {family}] as const);
  const types = TENSOR_DTYPES.map((dtype) => {
    const dtypeOf = (tensor: string): TensorDtype => (/norm/u.test(tensor) ? 'F32' : dtype);
    return [dtype, {shape: BLOCK_SHAPE, dtypeOf}] as const;
  });
  const all = [...families, ...types];
  const chosen = all.filter(([name]) => isAmong(name, only));
  if (chosen.length > 0) return chosen;
  const names = all.map(([name]) => name).join('; ');
  throw new Error(
    `There is no tiny model with "${only.join('" or "')}" in its name; there are: ${names}`,
  );
}

/**
 * A tiny model of every family and of every storage type in real tabs, in any pieces, shards and company,
 * against the outside reference.
 */
export const soakModels: Soak = async ({seed, only}, {signal}) => {
  const found: Record<string, Found> = {};
  for (const [name, model] of tinyModels(only)) {
    signal.throwIfAborted();
    found[name] = await tryModel({...model, seed}, signal);
    log(`${name}: ${JSON.stringify(found[name])}`);
  }
  const all = Object.values(found);
  const sum = (count: (one: Found) => number) => all.reduce((total, one) => total + count(one), 0);
  const most = (error: (one: Found) => number) => Math.max(...all.map(error));
  return {
    checks: [
      atMost(
        'clear tokens that are not those of the reference',
        sum((one) => one.wrongIds),
        0,
      ),
      atMost(
        'ways to cut a prompt or a model that give other bits',
        sum((one) => one.otherBits),
        0,
      ),
      atMost(
        'rules of shard runners that are broken',
        sum((one) => one.brokenRules.length),
        0,
      ),
      atMost(
        'numbers at boundaries that are not those of the reference, and that float32 does not explain',
        sum((one) => one.unexplained),
        0,
      ),
      atMost(
        'largest error of a logit on WASM',
        most((one) => one.wasmError),
        WASM_TOLERANCE,
      ),
      atMost(
        'largest error of a logit on WebGPU',
        most((one) => one.gpuError),
        GPU_TOLERANCE,
      ),
    ],
    figures: {models: found},
  };
};

async function tryModel(
  model: Parameters<typeof tinyGguf>[0],
  signal: AbortSignal,
): Promise<Found> {
  const site = await serveTinyModel({...model, cutEvery: CUT_EVERY});
  try {
    const options = {url: site.url, log, signal};
    const onWasm = await inEnginePage({...options, engine: 'wasm'}, (page) => tryWasm(page, site));
    const onGpu = await inEnginePage({...options, engine: 'webgpu'}, (page) => tryGpu(page, site));
    return await compare(tinyGguf(model), site.manifest, {onWasm, onGpu});
  } finally {
    await site[Symbol.asyncDispose]();
  }
}

async function tryWasm(page: Page, {manifest}: TinySite) {
  const tokenIds = promptFor(manifest);
  const bits = await bitsInEveryWay(page, manifest, tokenIds);
  await load(page, manifest, {engine: 'wasm', ranges: [wholeOf(manifest)]});
  const steps = await greedy(page, tokenIds);
  const given = steps.slice(0, -1).map(({tokenId}) => tokenId);
  const behind = await hiddenBehind(page, [tokenIds, ...given.map((tokenId) => [tokenId])]);
  const room = roomOf(manifest);
  const brokenRules = await page.evaluate((most) => globalThis.enginePage.brokenRules(most), room);
  return {otherBits: new Set(bits).size - 1, steps, behind, brokenRules};
}

async function tryGpu(page: Page, {manifest}: TinySite) {
  await load(page, manifest, {engine: 'webgpu', ranges: [wholeOf(manifest)]});
  const {tokenIds, pieces} = gpuPromptFor(manifest);
  const logits = await logitsAfter(page, tokenIds, pieces);
  return {logits, behind: await hiddenBehind(page, inPieces(tokenIds, pieces))};
}

async function compare(
  file: Uint8Array<ArrayBuffer>,
  manifest: Manifest,
  {
    onWasm,
    onGpu,
  }: {
    readonly onWasm: Awaited<ReturnType<typeof tryWasm>>;
    readonly onGpu: Awaited<ReturnType<typeof tryGpu>>;
  },
): Promise<Found> {
  const gguf = await parseGguf(memoryByteSource(file));
  const answer = (
    promptIds: readonly number[],
    {maxNewTokens, crossing}: {readonly maxNewTokens: number; readonly crossing?: Crossing},
  ) => {
    const forward = new ReferenceForward({
      gguf,
      file,
      cutEvery: CUT_EVERY,
      ...(crossing && {crossing}),
    });
    return greedyReference(forward, {promptIds, maxNewTokens, topCount: 1});
  };
  const promptIds = promptFor(manifest);
  const wrong = answer(promptIds, {maxNewTokens: NEW_TOKENS}).filter(
    ({margin, tokenId}, at) => margin > CLEAR_MARGIN && onWasm.steps[at]?.tokenId !== tokenId,
  );
  const roundings = new EngineRoundings(onWasm.behind);
  const {crossing} = roundings;
  const wasmErrors = answer(promptIds, {maxNewTokens: NEW_TOKENS, crossing}).map(({top}, at) => {
    const logits = new Map(onWasm.steps[at]?.top.map(({id, logit}) => [id, logit]));
    return errorOf(logits, top[0]);
  });
  const [lastOnGpu] = answer(gpuPromptFor(manifest).tokenIds, {
    maxNewTokens: 1,
    crossing: new EngineRoundings(onGpu.behind).crossing,
  });
  const {crossed, followed, unexplained} = roundings;
  return {
    wrongIds: wrong.length,
    otherBits: onWasm.otherBits,
    brokenRules: onWasm.brokenRules,
    wasmError: Math.max(...wasmErrors),
    gpuError: errorOf(onGpu.logits, lastOnGpu?.top[0]),
    crossed,
    followed,
    unexplained,
  };
}

function errorOf(
  logits: ReadonlyMap<number, number>,
  best: {readonly id: number; readonly logit: number} | undefined,
): number {
  return Math.abs((logits.get(best?.id ?? -1) ?? Number.NaN) - (best?.logit ?? 0));
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
  pieces: readonly (readonly number[])[],
): Promise<ReadonlyMap<number, Float32Array>> {
  const behind = await page.evaluate(
    async ({kvTokens, ...request}) => {
      await globalThis.enginePage.open(kvTokens);
      const hidden = await globalThis.enginePage.hiddenBehind(request);
      await globalThis.enginePage.close();
      return hidden;
    },
    {pieces, cutEvery: CUT_EVERY, kvTokens: pieces.flat().length},
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
