import {Buffer} from 'node:buffer';
import {expect, test} from 'vitest';
import {tinyGguf, type MetadataChange} from '#shared/testing/tiny-gguf.ts';
import type {TensorDtype} from '#shared/model/storage/block-sizes.ts';
import {memoryByteSource} from '../byte-source.ts';
import {parseGguf} from '../gguf/parse-gguf.ts';
import {capacityOfMemory} from '../manifest/layer-capacity.ts';
import {inspectFile} from './inspect-file.ts';
import {readModelSpec} from './read-model-spec.ts';

/** Rows are whole blocks of every storage type. */
const WIDE = {hiddenSize: 256, feedForwardSize: 256, layerCount: 2};
/** As in a file of Q4_K_M: some layers have more bits. */
const mixed = (name: string): TensorDtype => {
  if (name.includes('norm')) return 'F32';
  return name === 'token_embd.weight' || name.startsWith('blk.1.ffn_down') ? 'Q6_K' : 'Q4_K';
};

const inspectBytes = (bytes: Uint8Array<ArrayBuffer>) =>
  inspectFile({
    readHeader: () => parseGguf(memoryByteSource(bytes)),
    fileByteLength: bytes.byteLength,
  });
const inspect = (metadata: MetadataChange) => inspectBytes(tinyGguf({seed: 3, metadata}));
const text = (value: string) => ({value, type: 8}) as const;

test('[IF1] a file that Weft can serve says so, with what it is', async () => {
  const gguf = tinyGguf({seed: 3, shape: WIDE, dtypeOf: mixed});
  expect(await inspectBytes(gguf)).toMatchObject({
    family: 'llama',
    supported: true,
    unsupported: [],
    layers: 2,
    contextTokens: 512,
    kvBytesPerTokenLayer: 2 * 2 * 64 * 4,
    storageTypes: {Q4_K: 13, Q6_K: 2, F32: 5},
    fileBytes: gguf.byteLength,
  });
});

test('[IF1] all that would be refused is listed at once, with why and what to take', async () => {
  const {family, supported, unsupported, layers} = await inspect({
    'llama.attn_logit_softcapping': {value: 30, type: 6},
    'llama.expert_count': {value: 8, type: 4},
    'tokenizer.chat_template': null,
  });
  expect({family, supported, layers}).toEqual({family: 'llama', supported: false, layers: null});
  const changesNumbers = {
    why: 'it changes numbers in a way that Weft does not compute',
    instead: 'take a plain llama model, which has no such key',
  };
  expect(unsupported).toEqual([
    {
      what: 'metadata "llama.attn_logit_softcapping" = 30 (a soft cap on attention)',
      ...changesNumbers,
    },
    {what: 'metadata "llama.expert_count" = 8 (a mixture of experts)', ...changesNumbers},
    {
      what: 'chat template',
      why: 'the file has none ("tokenizer.chat_template"); take a file with a template that works',
      instead: 'offer the model for prompts of token ids only',
    },
  ]);
});

test('[IF1] where the family is unknown, storage types are named none the less', async () => {
  const bytes = tinyGguf({seed: 3, metadata: {'general.architecture': text('mamba')}});
  const name = 'output_norm.weight';
  // Behind the name: the number of dimensions, one size, and the type.
  const typeAt = Buffer.from(bytes).indexOf(name) + name.length + 4 + 8;
  bytes[typeAt] = 34;
  const {unsupported} = await inspectBytes(bytes);
  expect(unsupported.map(({what}) => what)).toEqual([
    'architecture "mamba"',
    'storage type "TQ1_0" (1 tensor)',
  ]);
});

test('[IF2] the memory of a layer is that of the largest, by its own storage types', async () => {
  const bytes = tinyGguf({seed: 3, shape: WIDE, dtypeOf: mixed});
  const spec = readModelSpec(await parseGguf(memoryByteSource(bytes)));
  const {memoryPerLayer, lmHeadBytes, embeddingBytes} = await inspectBytes(bytes);
  const attention = 2 * 256 * 256 + 2 * 256 * 128;
  const norms = 2 * 256 * 4;
  expect(memoryPerLayer).toEqual({
    wasm: (attention + 3 * 256 * 256) * 4 + norms,
    webgpu: (attention + 2 * 256 * 256) * 0.75 + 256 * 256 * 1.25 + norms,
  });
  const weights = spec.vocabularySize * 256;
  expect(lmHeadBytes).toEqual({wasm: weights * 4 + 1024, webgpu: weights * 1.25 + 1024});
  expect(embeddingBytes).toBe((weights / 256) * 210);
  // The budget that capacity wants for one layer more is what a layer takes.
  const layersIn = (budgetBytes: number): number =>
    capacityOfMemory(spec, {budgetBytes, kvTokens: 0, embeddingBytes: 0}).plain;
  const base = 200 * 1024 * 1024;
  const oneLayer = (base + (memoryPerLayer?.wasm ?? 0)) / 0.8;
  expect([layersIn(oneLayer + 8), layersIn(oneLayer - 8)]).toEqual([1, 0]);
});

test('[IF2] with heads that no GPU takes the memory on one is none', async () => {
  const family = {architecture: 'llama', headSize: 20};
  const bytes = tinyGguf({seed: 3, family, dtypeOf: () => 'F32'});
  const {supported, memoryPerLayer, lmHeadBytes} = await inspectBytes(bytes);
  expect(supported).toBe(true);
  expect([memoryPerLayer?.webgpu, lmHeadBytes?.webgpu]).toEqual([null, null]);
  expect(memoryPerLayer?.wasm).toBeGreaterThan(0);
});

test('[IF3] a vocabulary without weights, and what is no model at all, are read as far as they go', async () => {
  const {metadata} = await parseGguf(memoryByteSource(tinyGguf({seed: 3})));
  expect(Object.keys(metadata)).toContain('tokenizer.ggml.tokens');
  const noLayers = await inspect({'llama.block_count': null});
  expect(noLayers).toMatchObject({
    family: 'llama',
    supported: false,
    layers: null,
    memoryPerLayer: null,
    unsupported: [{what: 'file', why: 'the key "llama.block_count" is missing'}],
  });
  const noModel = new TextEncoder().encode('<!doctype html><title>404</title>');
  expect(await inspectBytes(noModel)).toMatchObject({
    family: null,
    supported: false,
    unsupported: [
      {what: 'file', why: 'it is no GGUF file', instead: 'take a whole, undamaged file'},
    ],
    storageTypes: {},
  });
});
