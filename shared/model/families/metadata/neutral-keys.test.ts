import {expect, test} from 'vitest';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {memoryByteSource} from '../../byte-source.ts';
import {parseGguf} from '../../gguf/parse-gguf.ts';
import {readModelSpec} from '../../manifest-of-file/read-model-spec.ts';
import type {ModelSpec} from '../../model-spec.ts';

const file = await parseGguf(memoryByteSource(tinyGguf({seed: 3})));
const plain = readModelSpec(file);
const specWith = (change: object): ModelSpec =>
  readModelSpec({...file, metadata: {...file.metadata, ...change}});

test.each<[string, unknown, string]>([
  ['llama.attention.sliding_window', 256, '= 256 (attention over a window of tokens)'],
  ['llama.attn_logit_softcapping', 50, 'a soft cap on attention'],
  ['llama.final_logit_softcapping', 30, 'a soft cap on logits'],
  ['llama.logit_scale', 16, 'a scale of logits'],
  ['llama.residual_scale', 0.22, 'a scale of residuals'],
  ['llama.embedding_scale', 12, 'a scale of embeddings'],
  ['llama.attention.scale', 0.0156, 'a scale of attention'],
  ['llama.attention.clamp_kqv', 8, 'a clamp on attention'],
  ['llama.attention.causal', false, 'attention to later tokens'],
  ['llama.expert_count', 8, 'a mixture of experts'],
  ['llama.use_parallel_residual', true, 'parallel residuals'],
  ['llama.rope.scaling.attn_factor', 1.19, 'a scale of RoPE'],
  ['llama.rope.freq_base_swa', 10_000, 'a key that Weft does not know'],
  ['llama.something.of.tomorrow', 0, 'a key that Weft does not know'],
  ['adapter.lora.alpha', 16, 'a key that Weft does not know'],
])('[MD11] %s is refused by name, value and meaning', (key, value, named) => {
  expect(() => specWith({[key]: value})).toThrow(
    expect.objectContaining({
      detail: expect.objectContaining({code: 'MODEL_UNSUPPORTED', part: 'metadata'}),
      message: expect.stringContaining(named),
    }),
  );
  expect(() => specWith({[key]: value})).toThrow(`"${key}" = ${String(value)}`);
});

test('[MD11] all keys that are not understood are named at once', () => {
  expect(() => specWith({'llama.logit_scale': 2, 'llama.residual_scale': 3})).toThrow(
    '"llama.logit_scale" = 2 (a scale of logits), "llama.residual_scale" = 3 (a scale of residuals) are',
  );
});

test('[MD11] a value that changes nothing, and keys that nobody computes with, are passed', () => {
  const neutral = {
    'llama.attention.sliding_window': 512,
    'llama.attn_logit_softcapping': 0,
    'llama.logit_scale': 1,
    'llama.attention.scale': Math.fround(1 / 4),
    'llama.attention.layer_norm_epsilon': Math.fround(1e-5),
    'llama.attention.causal': true,
    'llama.expert_count': 0,
    'llama.rope.scaling.attn_factor': 1,
    'llama.rope.scaling.original_context_length': 128,
    'llama.tensor_data_layout': 'Meta AI original pth',
    'llama.vocab_size': plain.vocabularySize,
    'split.count': 1,
    'general.type': 'model',
    'general.file_type': 3,
    'general.sampling.temp': 0.7,
    'quantize.imatrix.entries_count': 210,
    'mradermacher.quantize_version': 2,
  };
  expect(specWith(neutral)).toEqual(plain);
});

test.each<[string, object, number | undefined]>([
  ['a factor without a type', {'llama.rope.scaling.factor': 4}, 4],
  ['the old key', {'llama.rope.scale_linear': 2.5}, 2.5],
  ['a factor with its type', scaled('linear', 8), 8],
  ['a factor below 1', scaled('linear', 0.5), 0.5],
  ['both keys alike', {'llama.rope.scaling.factor': 4, 'llama.rope.scale_linear': 4}, 4],
  ['a factor of 1', scaled('linear', 1), undefined],
  ['a factor of 0', {'llama.rope.scaling.factor': 0}, undefined],
  ['a factor that its type forbids', scaled('none', 4), undefined],
])('[MD12] RoPE with %s is linear by it', (_, change, ropeFactor) => {
  expect(specWith(change)).toEqual(ropeFactor === undefined ? plain : {...plain, ropeFactor});
});

test.each<[string, object, string]>([
  [
    'LongRoPE without its divisors',
    scaled('longrope', 4),
    '"rope_factors_short.weight" is missing',
  ],
  ['a type of nobody', scaled('llama3', 8), 'RoPE variant "llama3" is not supported'],
  ['a negative factor', {'llama.rope.scaling.factor': -4}, 'factor" is -4'],
  ['an endless factor', {'llama.rope.scale_linear': Infinity}, 'scale_linear" is Infinity'],
  [
    'two factors',
    {'llama.rope.scaling.factor': 4, 'llama.rope.scale_linear': 2},
    '"llama.rope.scaling.factor" is 4, but "llama.rope.scale_linear" is 2',
  ],
])('[MD12] RoPE with %s is refused by name', (_, change, message) => {
  expect(() => specWith(change)).toThrow(message);
});

function scaled(type: string, factor: number): object {
  return {'llama.rope.scaling.type': type, 'llama.rope.scaling.factor': factor};
}
