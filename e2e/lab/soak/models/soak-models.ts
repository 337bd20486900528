import {
  compareWithEngine,
  smallestFaults,
  type Compared,
  type Given,
  type WholeFile,
} from '#shared/lab/reference-forward/compare-with-engine.ts';
import {greedyReference} from '#shared/lab/reference-forward/greedy-reference.ts';
import {ReferenceForward} from '#shared/lab/reference-forward/reference-forward.ts';
import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {TENSOR_DTYPES, type TensorDtype} from '#shared/model/storage/block-sizes.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {TINY_FAMILIES} from '#shared/testing/tiny-models/tiny-families.ts';
import {inEnginePage} from '../../../pages/engine/in-engine-page.ts';
import {serveTinyModel} from '../../../pages/engine/serve-tiny-model.ts';
import {log} from '../../../swarm/test-log.ts';
import {isAmong, type Soak, type SoakContext} from '../soak.ts';
import {CUT_EVERY, NEW_TOKENS, tryGpu, tryWasm} from './try-in-tab.ts';

/** Of the likeliest tokens, from the same f16 at every boundary. */
const WASM_TOLERANCE = 1e-4;
const GPU_TOLERANCE = 1e-3;
/** One tensor so much too large, of any model, is seen: no following hides it. */
const LARGEST_FAULT = 1.01;
/** Where two tokens are nearly as likely, float32 may choose the other. */
const CLEAR_MARGIN = 0.05;

type Found = {
  readonly wrongIds: number;
  readonly otherBits: number;
  readonly brokenRules: readonly string[];
  readonly wasm: Compared;
  readonly gpu: Compared;
  /** Of each tensor, on either engine: the smallest fault that would be seen. Of families not: norms take some away. */
  readonly smallestFaults?: Readonly<Record<string, number>>;
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
        sum((one) => one.wasm.unexplained + one.gpu.unexplained),
        0,
      ),
      atMost(
        'largest error of a logit on WASM',
        most((one) => one.wasm.error),
        WASM_TOLERANCE,
      ),
      atMost(
        'largest error of a logit on WebGPU',
        most((one) => one.gpu.error),
        GPU_TOLERANCE,
      ),
      atMost(
        'factor of the smallest fault that is seen, of the tensor where it is largest',
        most((one) => Math.max(0, ...Object.values(one.smallestFaults ?? {}))),
        LARGEST_FAULT,
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
    const file = tinyGguf(model);
    const gguf = await parseGguf(memoryByteSource(file));
    const tiny = {file, gguf, cutEvery: CUT_EVERY};
    return {
      wrongIds: wrongIds(tiny, onWasm),
      otherBits: onWasm.otherBits + onGpu.otherBits,
      brokenRules: onWasm.brokenRules,
      wasm: compareWithEngine(tiny, onWasm),
      gpu: compareWithEngine(tiny, onGpu),
      ...(model.family === undefined && {
        smallestFaults: largerOfEach(
          smallestFaults(tiny, onWasm, WASM_TOLERANCE),
          smallestFaults(tiny, onGpu, GPU_TOLERANCE),
        ),
      }),
    };
  } finally {
    await site[Symbol.asyncDispose]();
  }
}

function largerOfEach(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const entries = Object.entries(one);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Math.max(value, other[name] ?? Infinity)]),
  );
}

/** Clear tokens that are not those of a reference that follows nobody. */
function wrongIds({gguf, file, cutEvery}: WholeFile, {tokenIds, tops}: Given): number {
  const forward = new ReferenceForward({gguf, file, cutEvery});
  const options = {promptIds: tokenIds, maxNewTokens: NEW_TOKENS, topCount: 1};
  const wrong = greedyReference(forward, options).filter(
    ({margin, tokenId}, at) => margin > CLEAR_MARGIN && tops[at]?.[0]?.id !== tokenId,
  );
  return wrong.length;
}
