import {afterAll, beforeAll, expect, test, vi} from 'vitest';
import {makeGoldenVectors} from '#shared/lab/reference-forward/make-golden-vectors.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import type {GoldenVectors} from '#shared/model/golden/golden-vectors.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {LLAMA, TINY_FAMILIES, type TinyFamily} from '#shared/testing/tiny-models/tiny-families.ts';
import type {TinyModelShape} from '#shared/testing/tiny-models/tiny-shape.ts';
import {openTinyShard, wholeShape} from '../testing/open-tiny-shard.ts';
import {withScaledTensor, type TinyFile} from '../testing/scaled-tensor.ts';
import {compareEngines} from './compare-engines.ts';
import {measureShard, SAME_BITS} from './measure-shard.ts';
import {GOLDEN_CPU, GOLDEN_GPU, passGoldenTest} from './pass-golden-test.ts';

const CUT_EVERY = 2;
const KV_TOKENS = 32;
/** In the first layer and in the last one of a cell, which has the least behind it to show it. */
const LAYER = 1;

beforeAll(() => void vi.stubGlobal('crossOriginIsolated', false));
afterAll(() => void vi.unstubAllGlobals());

const isVector = (name: string): boolean => /norm|bias|rope/u.test(name);

async function openModel(
  family: TinyFamily,
  shape: Partial<TinyModelShape> = {},
): Promise<GoldenFile> {
  const file = tinyGguf({
    seed: 31,
    family,
    shape,
    dtypeOf: (name) => (isVector(name) ? 'F32' : 'F16'),
  });
  const source = memoryByteSource(file);
  // A chat does not fit into every context that is tried here.
  const manifest = await tinyManifest(file, {cutEvery: CUT_EVERY, prompts: 'token-ids'});
  const {contextTokens} = manifest.spec;
  const options = {source, contextTokens, cutEvery: CUT_EVERY};
  const golden = await makeGoldenVectors(await parseGguf(source), options);
  return {file, manifest, golden};
}

type GoldenFile = TinyFile & {readonly golden: GoldenVectors};

async function withScaled(
  {golden, ...model}: GoldenFile,
  name: string,
  factor: number,
): Promise<GoldenFile> {
  return {...(await withScaledTensor(model, name, factor)), golden};
}

async function passOnCpu(model: GoldenFile, tolerance = GOLDEN_CPU): Promise<void> {
  const {file, manifest, golden} = model;
  const runner = await openTinyShard(file, {manifest, kvTokens: KV_TOKENS});
  await passGoldenTest(runner, {golden, manifest, shape: wholeShape(manifest), tolerance});
}

const FIRST_CELL = {startLayer: 0, endLayer: CUT_EVERY};

test.each<[string, TinyFamily, readonly string[]]>([
  [
    'llama',
    {...LLAMA, biases: ['attn_q', 'attn_v', 'ffn_down']},
    ['attn_norm', 'attn_q', 'attn_k', 'attn_v', 'attn_output'],
  ],
  ['llama', LLAMA, ['ffn_norm', 'ffn_gate', 'ffn_up', 'ffn_down']],
  // Without what a norm behind it takes away again: a factor.
  [
    'gemma3',
    TINY_FAMILIES['gemma3'] ?? LLAMA,
    ['attn_q_norm', 'attn_k_norm', 'post_attention_norm', 'ffn_gate', 'post_ffw_norm'],
  ],
  ['phi3', TINY_FAMILIES['phi3'] ?? LLAMA, ['attn_qkv', 'ffn_up']],
])(
  '[PE6] a matrix or a norm of %s that is a hundredth too large is found',
  {timeout: 120_000},
  async (_, family, names) => {
    const model = await openModel(family);
    await passOnCpu(model);
    for (const name of names) {
      const altered = await withScaled(model, `blk.${LAYER}.${name}.weight`, 1.01);
      await expect(passOnCpu(altered)).rejects.toMatchObject({
        detail: {code: 'GOLDEN_TEST_FAILED', part: FIRST_CELL},
      });
    }
  },
);

test.each([1, 2, 19])(
  '[PE6] [MS6] a model whose context ends at %s is compared within it, and measured',
  {timeout: 120_000},
  async (contextTokens) => {
    const model = await openModel(LLAMA, {contextTokens});
    await passOnCpu(model);
    const altered = await withScaled(model, 'blk.3.ffn_up.weight', 1.01);
    await expect(passOnCpu(altered)).rejects.toMatchObject({detail: {code: 'GOLDEN_TEST_FAILED'}});
    const {file, manifest} = model;
    const runner = await openTinyShard(file, {manifest, kvTokens: 4 * contextTokens});
    const {hiddenSize, layerCount} = manifest.spec;
    let nowMs = 0;
    const speed = await measureShard({
      runner,
      grid: {layerCount, cutEvery: CUT_EVERY},
      hiddenSize,
      contextTokens,
      hasLmHead: true,
      runsTogether: true,
      proof: SAME_BITS,
      nowMs: () => (nowMs += 8),
      onRun: () => undefined,
    });
    expect(speed.prefillMsPerTokenLayer).toBe(8 / (contextTokens * layerCount));
    const range = {startLayer: 0, endLayer: layerCount};
    const engines = {candidate: runner, reference: runner, range, hasLmHead: true};
    await compareEngines({...engines, hiddenSize, contextTokens});
  },
);

test('[PE6] the ends of the model are compared too', {timeout: 120_000}, async () => {
  const model = await openModel({...LLAMA, hasOutput: true});
  for (const [name, part] of [
    ['token_embd.weight', 'embedding'],
    ['output_norm.weight', 'lm-head'],
    ['output.weight', 'lm-head'],
  ] as const) {
    await expect(passOnCpu(await withScaled(model, name, 1.01))).rejects.toMatchObject({
      detail: {code: 'GOLDEN_TEST_FAILED', part},
    });
  }
});

test(
  '[PE6] a GPU may be further off, and the sentence says what is, where and how far',
  {timeout: 120_000},
  async () => {
    const model = await openModel(LLAMA);
    const altered = (factor: number) => withScaled(model, 'blk.3.ffn_norm.weight', factor);
    await passOnCpu(await altered(1.001), GOLDEN_GPU);
    await expect(passOnCpu(await altered(2), GOLDEN_GPU)).rejects.toThrow(
      /^The GPU gives other numbers in layers 2–4 than the model has to: they differ by \d+(\.\d+)? %$/u,
    );
    await expect(passOnCpu(await altered(2))).rejects.toThrow(
      /^This device gives other numbers in layers 2–4 .* %, so nothing is served from here: try again, or lend another device$/u,
    );
  },
);
