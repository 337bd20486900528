import {expect, test} from 'vitest';
import {openModelFile} from '#shared/testing/model-file.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {type ByteSource, blobByteSource, memoryByteSource} from '../byte-source.ts';
import type {GgufFile} from './gguf-file.ts';
import {parseGguf} from './parse-gguf.ts';
import {readModelSpec} from './read-model-spec.ts';
import {readTensorTable} from './read-tensor-table.ts';

const tiny = tinyGguf({seed: 3});
const file = await parseGguf(memoryByteSource(tiny));
const spec = readModelSpec(file);

const withMetadata = (change: object): GgufFile => ({
  ...file,
  metadata: {...file.metadata, ...change},
});

test('[MD3] a tiny file is read as it was built, and the same seed gives the same bytes', () => {
  expect(tinyGguf({seed: 3})).toEqual(tiny);
  expect(tinyGguf({seed: 4})).not.toEqual(tiny);
  expect(spec).toEqual({
    architecture: 'llama',
    layerCount: 4,
    hiddenSize: 64,
    feedForwardSize: 128,
    headCount: 4,
    kvHeadCount: 2,
    headSize: 16,
    vocabularySize: spec.vocabularySize,
    contextTokens: 512,
    ropeBase: 10_000,
    ropeInterleaved: true,
    normEpsilon: Math.fround(1e-5),
    tiedEmbedding: true,
    endTokenIds: [0, 2],
  });
  expect(spec.vocabularySize).toBeGreaterThanOrEqual(300);
  expect(tiny.byteLength).toBeLessThan(200_000);
});

test('[MD3] the header alone is enough, from memory or from a Blob', async () => {
  const header = tiny.slice(0, file.headerByteLength);
  expect(await parseGguf(memoryByteSource(header))).toEqual(file);
  expect(await parseGguf(blobByteSource(new Blob([header])))).toEqual(file);
});

test('[MD3] of the real file no more than 4 MB are read', async () => {
  const real = await openModelFile();
  let endByte = 0;
  const counting: ByteSource = {
    byteLength: real.byteLength,
    read: async (start, end) => {
      endByte = Math.max(endByte, end);
      return real.read(start, end);
    },
  };
  expect((await parseGguf(counting)).tensors).toHaveLength(272);
  expect(endByte).toBeLessThanOrEqual(4_000_000);
});

test.each([
  ['a header that is cut short', tiny.slice(0, file.headerByteLength - 1000)],
  ['a header that is cut in its metadata', tiny.slice(0, 500)],
  ['no GGUF file', new TextEncoder().encode('<!doctype html><title>404</title>')],
  ['nothing', new Uint8Array()],
])('[MD3] %s is unreadable', async (_, bytes) => {
  await expect(parseGguf(memoryByteSource(bytes))).rejects.toMatchObject({
    detail: {code: 'MODEL_UNREADABLE'},
  });
});

test.each<[string, object, string]>([
  [
    'another architecture',
    {'general.architecture': 'gemma3'},
    'architecture "gemma3" is not supported (supported: llama)',
  ],
  ['experts', {'llama.expert_count': 8}, 'architecture "llama with 8 experts"'],
  ['stretched RoPE', {'llama.rope.scaling.type': 'yarn'}, 'RoPE variant "yarn"'],
  ['partial RoPE', {'llama.rope.dimension_count': 8}, '8 of 16 dimensions rotated'],
  ['short values', {'llama.attention.value_length': 8}, 'attention variant'],
])('[MD3] %s is refused by name', (_, change, message) => {
  expect(() => readModelSpec(withMetadata(change))).toThrow(message);
});

test.each<[string, object, string]>([
  ['a missing number', {'llama.block_count': undefined}, 'llama.block_count'],
  ['a number per layer', {'llama.attention.head_count_kv': [1, 2]}, 'head_count_kv'],
  ['heads that do not divide', {'llama.attention.head_count': 3}, 'headSize'],
  ['no vocabulary', {'tokenizer.ggml.tokens': undefined}, 'tokenizer.ggml.tokens'],
])('[MD3] %s is named', (_, change, message) => {
  expect(() => readModelSpec(withMetadata(change))).toThrow(message);
});

test('[MD3] 64-bit numbers are numbers', () => {
  expect(readModelSpec(withMetadata({'llama.block_count': 4n}))).toEqual(spec);
});

test('[MD3] a storage type that cannot be read, and a tensor that would be left out, are refused', () => {
  const [first, ...rest] = file.tensors;
  const withFirst = (change: object) => () =>
    readTensorTable({...file, tensors: first ? [{...first, ...change}, ...rest] : rest}, spec);
  expect(withFirst({})).not.toThrow();
  expect(withFirst({dtype: 'Q6_K'})).toThrow(
    'quantisation "Q6_K" is not supported (supported: F32, F16, Q4_0, Q4_1, Q8_0)',
  );
  expect(withFirst({name: 'blk.0.attn_q.bias'})).toThrow('tensor "blk.0.attn_q.bias"');
  expect(withFirst({shape: [33, 2]})).toThrow('no whole Q8_0 blocks');
});
