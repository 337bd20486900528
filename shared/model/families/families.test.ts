import {expect, test} from 'vitest';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {TINY_FAMILIES, type TinyFamily} from '#shared/testing/tiny-models/tiny-families.ts';
import {memoryByteSource} from '../byte-source.ts';
import type {GgufFile} from '../gguf/gguf-file.ts';
import {parseGguf} from '../gguf/parse-gguf.ts';
import {isWindowed, rotationOf} from '../layer-kind.ts';
import {readModelSpec} from '../manifest-of-file/read-model-spec.ts';
import {readTensorTable} from '../manifest-of-file/read-tensor-table.ts';
import type {ModelSpec} from '../model-spec.ts';
import {ARCHITECTURES} from './families.ts';

async function readTiny(family: TinyFamily): Promise<{gguf: GgufFile; spec: ModelSpec}> {
  const bytes = tinyGguf({seed: 3, family});
  const gguf = await parseGguf(memoryByteSource(bytes));
  const spec = readModelSpec(gguf);
  readTensorTable(gguf, spec, {fileByteLength: bytes.byteLength});
  return {gguf, spec};
}

async function specOf(name: string): Promise<ModelSpec> {
  return (await readTiny(TINY_FAMILIES[name] ?? {architecture: name})).spec;
}

test('[MD23] there is a tiny model of every family', () => {
  const tried = new Set(Object.values(TINY_FAMILIES).map(({architecture}) => architecture));
  expect([...tried].toSorted()).toEqual([...ARCHITECTURES].toSorted());
});

test('[MD23] a family says what its models compute beside a plain llama', async () => {
  expect(await specOf('gemma3')).toMatchObject({
    architecture: 'gemma3',
    ropeInterleaved: false,
    norms: 'around',
    queryKeyNorm: 'head',
    activation: 'gelu',
    embeddingScale: 8,
    window: {tokens: 16, globalEvery: 6, ropeBase: 10_000},
    ropeBase: 1_000_000,
    headSize: 32,
  });
  expect(await specOf('gemma2')).toMatchObject({
    window: {tokens: 16, globalEvery: 2},
    attentionCap: 3.5,
    logitCap: 4.5,
  });
  expect(await specOf('granite')).toMatchObject({
    embeddingScale: 4.5,
    residualScale: Math.fround(0.6),
    attentionScale: Math.fround(0.12),
    logitDivisor: Math.fround(0.2),
  });
  expect(await specOf('olmo2')).toMatchObject({norms: 'after', queryKeyNorm: 'all'});
  expect(await specOf('qwen2')).toMatchObject({biases: ['attn_q', 'attn_k', 'attn_v']});
  expect(await specOf('phi3')).toMatchObject({isFused: true, window: {tokens: 16}});
});

test('[MD23] a scale of 0, and a window beyond the context, are none', async () => {
  const {spec} = await readTiny({architecture: 'granite', numbers: {residual_scale: 0}});
  expect(Object.keys(spec)).not.toContain('residualScale');
  const numbers = {'attention.sliding_window': 262_144};
  const phi3 = await readTiny({...TINY_FAMILIES['phi3'], architecture: 'phi3', numbers});
  expect(phi3.spec.window).toBeUndefined();
});

test('[MD23] the largest Gemma scale attention by their width', async () => {
  const {gguf} = await readTiny({architecture: 'gemma3', ...TINY_FAMILIES['gemma3']});
  const metadata = {...gguf.metadata, 'gemma3.block_count': 62, 'gemma3.embedding_length': 5376};
  expect(readModelSpec({...gguf, metadata}).attentionScale).toBe(1 / Math.sqrt(5376 / 4));
});

test('[MD12] YaRN keeps pairs that turn often and stretches those that hardly do', async () => {
  const {ropeFactor, ropeRamp, ropeScale} = await specOf('llama, YaRN');
  expect({ropeFactor, ropeRamp}).toEqual({ropeFactor: 8, ropeRamp: {startPair: 0, endPair: 3}});
  expect(ropeScale).toBeCloseTo(0.1 * Math.log(8) + 1, 12);
});

test('[MD12] of each head a part may turn', async () => {
  expect((await specOf('phi3, a part turned')).ropeSize).toBe(24);
  expect(Object.keys(await specOf('phi3'))).not.toContain('ropeSize');
});

test('[MD23] a number, or a list with a line for each layer, gives the layers with a window', async () => {
  const {gguf, spec} = await readTiny(TINY_FAMILIES['olmo2, windows'] ?? {architecture: ''});
  expect(spec.window).toEqual({tokens: 16, globalEvery: 4, ropeBase: 10_000});
  const withPattern = (pattern: unknown) => () =>
    readModelSpec({
      ...gguf,
      metadata: {...gguf.metadata, 'olmo2.attention.sliding_window_pattern': pattern},
    });
  expect(withPattern([true, false, true, false])().window?.globalEvery).toBe(2);
  expect(withPattern(3)().window?.globalEvery).toBe(3);
  expect(withPattern(undefined)()).toEqual(spec);
  expect(withPattern([true, false, false, false])).toThrow(
    '"olmo2.attention.sliding_window_pattern" is a list of 4',
  );
});

test('[MD12] LongRoPE ends with the context of its first training', async () => {
  const {contextTokens, ropeScale, ropeDivisors} = await specOf('phi3, LongRoPE');
  expect({contextTokens, ropeDivisors}).toEqual({
    contextTokens: 64,
    ropeDivisors: 'rope_factors_short.weight',
  });
  expect(ropeScale).toBe(Math.fround(1.19));
});

test.each<[string, TinyFamily, string]>([
  [
    'experts',
    {architecture: 'llama', numbers: {expert_count: 8}},
    '"llama.expert_count" = 8 (a mixture of experts)',
  ],
  [
    'a window that its family does not have',
    {architecture: 'qwen2', numbers: {'attention.sliding_window': 16}},
    '"qwen2.attention.sliding_window" = 16 (attention over a window of tokens)',
  ],
  ['a family of nobody', {architecture: 'mamba'}, 'architecture "mamba" is not supported'],
  [
    'a bias that its family does not have',
    {...TINY_FAMILIES['qwen3'], architecture: 'qwen3', biases: ['attn_q']},
    '"blk.*.attn_q.bias" (a bias, 4 times)',
  ],
  [
    'norms of another family',
    {architecture: 'llama', headNorms: 'head'},
    '"blk.*.attn_k_norm.weight" (a norm of queries or keys, 4 times)',
  ],
])('[MD3] %s is refused by name', async (_, family, message) => {
  await expect(readTiny(family)).rejects.toThrow(message);
});

test('[MD3] tensors that their family needs are named when they are missing; what every layer lacks is no damage', async () => {
  await expect(readTiny({architecture: 'qwen2'})).rejects.toThrow(
    'Cannot read the model file: the tensors "blk.*.attn_q.bias" (4 times), "blk.*.attn_k.bias" (4 times), ' +
      '"blk.*.attn_v.bias" (4 times) are missing, which every qwen2 model has; ' +
      'take a model of the architecture qwen2 that has them',
  );
});

test('[MD23] of the layers of a model some have a window, and some turn no positions', async () => {
  const layers = Array.from({length: 8}, (_, layer) => layer);
  const gemma3 = await specOf('gemma3');
  expect(layers.filter((layer) => !isWindowed(gemma3, layer))).toEqual([5]);
  expect(layers.filter((layer) => rotationOf(gemma3, layer) === 'model')).toEqual([5]);
  const gemma2 = await specOf('gemma2');
  expect(layers.filter((layer) => isWindowed(gemma2, layer))).toEqual([0, 2, 4, 6]);
  expect(layers.map((layer) => rotationOf(gemma2, layer))).toEqual(layers.map(() => 'model'));
  const smollm3 = await specOf('smollm3');
  expect(layers.filter((layer) => rotationOf(smollm3, layer) === 'none')).toEqual([3, 7]);
});
