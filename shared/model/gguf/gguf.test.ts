import {expect, test} from 'vitest';
import {openModelFile} from '#shared/testing/model-file.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {type ByteSource, blobByteSource, memoryByteSource} from '../byte-source.ts';
import type {GgufFile} from './gguf-file.ts';
import {parseGguf} from './parse-gguf.ts';
import {readModelSpec} from '../manifest-of-file/read-model-spec.ts';
import {readTensorTable} from '../manifest-of-file/read-tensor-table.ts';

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
    {'general.architecture': 'qwen3moe'},
    'architecture "qwen3moe" is not supported; take a model of the architecture llama, qwen2,',
  ],
  ['an adapter', {'general.type': 'adapter'}, 'file of the kind "adapter" is not supported'],
  [
    'an old block format',
    {'general.quantization_version': 1},
    '"general.quantization_version" = 1',
  ],
  ['short values', {'llama.attention.value_length': 8}, 'attention variant'],
  [
    'an odd head',
    {'llama.attention.key_length': 15},
    'attention variant with heads of 15 numbers, of which RoPE turns pairs',
  ],
])('[MD3] %s is refused by name', (_, change, message) => {
  expect(() => readModelSpec(withMetadata(change))).toThrow(message);
});

test.each<[string, object, string]>([
  [
    'a part',
    {'split.no': 0, 'split.count': 2},
    'it is part 1 of 2 of a split file: merge the parts',
  ],
  ['a part without a number', {'split.count': 3}, 'it is a part of 3 of a split file: merge'],
  ['a missing number', {'llama.block_count': undefined}, 'the key "llama.block_count" is missing'],
  ['a number per layer', {'llama.attention.head_count_kv': [1, 2]}, 'head_count_kv'],
  ['heads that do not divide', {'llama.attention.head_count': 3}, '3 heads cannot share'],
  ['heads that share unevenly', {'llama.attention.head_count_kv': 3}, '4 heads cannot share'],
  ['more turned than a head has', {'llama.rope.dimension_count': 18}, 'dimension_count" is 18'],
  ['an odd part turned', {'llama.rope.dimension_count': 7}, 'pairs of the 16 numbers of a head'],
  ['a negative number', {'llama.embedding_length': -64}, '"llama.embedding_length" is -64'],
  ['no number', {'llama.attention.layer_norm_rms_epsilon': NaN}, 'rms_epsilon" is NaN'],
  ['Infinity', {'llama.rope.freq_base': Infinity}, '"llama.rope.freq_base" is Infinity'],
  ['a number beyond 2^53', {'llama.context_length': 2n ** 60n}, `is ${String(2n ** 60n)}`],
  ['absurdly many layers', {'llama.block_count': 2 ** 31}, 'from 1 to 4096'],
  ['an end token of nobody', {'tokenizer.ggml.eos_token_id': 9999}, 'eos_token_id" is 9999'],
  ['another count of tokens', {'llama.vocab_size': 7}, '"llama.vocab_size" is 7'],
])('[MD3] %s is named', (_, change, message) => {
  expect(() => readModelSpec(withMetadata(change))).toThrow(message);
});

test.each([
  {'llama.attention.head_count': 3},
  {'llama.attention.head_count_kv': 3},
  {'llama.attention.layer_norm_rms_epsilon': 0},
])('[MD3] a number that another model may have is not called damage alone: %j', (change) => {
  expect(() => readModelSpec(withMetadata(change))).toThrow(
    'it is damaged, or of a model that Weft does not compute: take another',
  );
});

test('[MD3] without a vocabulary the embedding says how many tokens there are', () => {
  const bare = withMetadata({'tokenizer.ggml.tokens': undefined});
  expect(readModelSpec(bare)).toEqual({...spec, endTokenIds: [2]});
});

test('[MD3] one value for each layer is that value when all are equal', () => {
  const same = withMetadata({'llama.attention.head_count_kv': [2, 2, 2, 2]});
  expect(readModelSpec(same)).toEqual(spec);
});

const [first, ...rest] = file.tensors;
const tableOf = (...changes: readonly object[]) => {
  const all = file.tensors.map((tensor, at) => ({...tensor, ...changes[at]}));
  return () => readTensorTable({...file, tensors: all}, spec, {fileByteLength: tiny.byteLength});
};

test('[MD3] all storage types that cannot be read are named at once, with what to take', () => {
  expect(tableOf({})).not.toThrow();
  expect(tableOf({dtype: 'TQ1_0'}, {dtype: 'IQ2_XS'}, {dtype: 'TQ1_0'})).toThrow(
    'storage type "TQ1_0" (2 tensors), "IQ2_XS" (1 tensor) are not supported; ' +
      'take a file whose tensors are all in F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, ' +
      'Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL or IQ4_XS',
  );
});

test('[MD3] tensors that the graph would leave out are named, with what they are', () => {
  expect(tableOf({name: 'blk.0.ffn_gate_inp.weight'})).toThrow(
    '"blk.*.ffn_gate_inp.weight" (a part of a mixture of experts)',
  );
  expect(tableOf({}, {name: 'blk.0.attn_q.bias'}, {name: 'blk.1.attn_q.bias'})).toThrow(
    'tensor "blk.*.attn_q.bias" (a bias, 2 times) is not supported',
  );
  expect(tableOf({}, {name: 'blk.0.post_ffw_norm.weight'})).toThrow('a norm behind a block');
});

test('[MD3] a tensor that is missing, misshapen, over another or beyond the end is named', () => {
  const missing = {...file, tensors: rest};
  expect(() => readTensorTable(missing, spec, {fileByteLength: tiny.byteLength})).toThrow(
    `the tensor "${String(first?.name)}" is missing`,
  );
  const fewer = {...file, tensors: rest.filter(({name}) => !name.startsWith('blk.1.ffn'))};
  expect(() => readTensorTable(fewer, spec, {fileByteLength: tiny.byteLength})).toThrow(
    /the tensors "[^"]+"(, "blk\.\*\.ffn_\w+\.weight"){4} are missing, those named "blk\.\*" of layer 1; take a whole, undamaged file$/u,
  );
  expect(tableOf({shape: [33, 2]})).toThrow('no whole Q8_0 blocks');
  expect(tableOf({shape: [64, 32]})).toThrow('has the shape [64, 32] instead of [64,');
  expect(tableOf({}, {offsetBytes: first?.offsetBytes})).toThrow('lie over each other');
  expect(tableOf({offsetBytes: tiny.byteLength})).toThrow('it ends inside the tensor');
  const deeper = {...spec, layerCount: 4096};
  expect(() => readTensorTable(file, deeper, {fileByteLength: tiny.byteLength})).toThrow(
    '38 tensors for 4096 layers',
  );
  const shallower = {...spec, layerCount: 3};
  expect(() => readTensorTable(file, shallower, {fileByteLength: tiny.byteLength})).toThrow(
    'it has a layer 3, but says that it has 3',
  );
});
