import * as z from 'zod';
import {count, layerCount, realNumber, tokenId} from '../gguf/metadata-values.ts';
import type {NeutralKey} from '../gguf/refuse-unknown-keys.ts';

/** Beyond these a number is damage: the largest in use are 5 × 10⁸ and 64. */
const LARGEST_ROPE_BASE = 1e12;
const LARGEST_ROPE_FACTOR = 1e6;

const flag = z.boolean({error: 'must be true or false'});
// A factor of 0 means none, as in llama.cpp.
const ropeFactor = z.union([z.literal(0), realNumber(0, LARGEST_ROPE_FACTOR)], {
  error: `must be a number from 0 to ${LARGEST_ROPE_FACTOR}`,
});

/** What Weft reads of a llama model. */
export const llamaMetadataSchema = z.object({
  'llama.block_count': layerCount,
  'llama.context_length': count,
  'llama.embedding_length': count,
  'llama.feed_forward_length': count,
  'llama.attention.head_count': count,
  'llama.attention.head_count_kv': count.optional(),
  'llama.attention.key_length': count.optional(),
  'llama.attention.value_length': count.optional(),
  'llama.attention.layer_norm_rms_epsilon': realNumber(0, 1),
  'llama.rope.freq_base': realNumber(0, LARGEST_ROPE_BASE).default(10_000),
  'llama.rope.dimension_count': count.optional(),
  'llama.rope.scaling.type': z.string({error: 'must be a text'}).optional(),
  'llama.rope.scaling.factor': ropeFactor.optional(),
  'llama.rope.scale_linear': ropeFactor.optional(),
  'llama.rope.scaling.finetuned': flag.optional(),
  'llama.vocab_size': tokenId.optional(),
});

export type LlamaMetadata = z.infer<typeof llamaMetadataSchema>;

/** Keys that no number of a llama model depends on. */
export const LLAMA_HARMLESS_KEYS: ReadonlySet<string> = new Set([
  'llama.tensor_data_layout',
  // Read by YaRN and LongRoPE alone, which their type and their factors refuse.
  'llama.rope.scaling.original_context_length',
  'llama.rope.scaling.yarn_beta_fast',
  'llama.rope.scaling.yarn_beta_slow',
]);

const isOneOf =
  (...neutral: readonly unknown[]) =>
  (value: unknown): boolean =>
    neutral.includes(value);
const isZero = isOneOf(0);
/** Keys whose scale of 0 means none. */
const isNoScale = isOneOf(0, 1);
const experts = {meaning: 'a mixture of experts', isNeutral: isZero};

/** Keys of other models that change numbers, and the values with which they change nothing. */
export const LLAMA_NEUTRAL_KEYS: ReadonlyMap<string, NeutralKey> = new Map<string, NeutralKey>([
  ['llama.expert_count', experts],
  ['llama.expert_used_count', experts],
  ['llama.expert_shared_count', experts],
  ['llama.expert_group_count', experts],
  ['llama.expert_feed_forward_length', experts],
  ['llama.expert_shared_feed_forward_length', experts],
  ['llama.expert_weights_scale', {...experts, isNeutral: isNoScale}],
  ['llama.expert_weights_norm', {...experts, isNeutral: isOneOf(false)}],
  ['llama.interleave_moe_layer_step', experts],
  ['llama.leading_dense_block_count', experts],
  [
    'llama.nextn_predict_layers',
    {meaning: 'layers that predict further tokens', isNeutral: isZero},
  ],
  ['llama.attn_logit_softcapping', {meaning: 'a soft cap on attention', isNeutral: isZero}],
  ['llama.final_logit_softcapping', {meaning: 'a soft cap on logits', isNeutral: isZero}],
  ['llama.logit_scale', {meaning: 'a scale of logits', isNeutral: isNoScale}],
  ['llama.residual_scale', {meaning: 'a scale of residuals', isNeutral: isNoScale}],
  ['llama.embedding_scale', {meaning: 'a scale of embeddings', isNeutral: isNoScale}],
  [
    'llama.attention.scale',
    {
      meaning: 'a scale of attention',
      isNeutral: (value, {headSize}) => value === 0 || isNear(value, 1 / Math.sqrt(headSize)),
    },
  ],
  [
    'llama.attention.sliding_window',
    {
      meaning: 'attention over a window of tokens',
      isNeutral: (value, {contextTokens}) =>
        value === 0 || (typeof value === 'number' && value >= contextTokens),
    },
  ],
  [
    'llama.attention.layer_norm_epsilon',
    {
      meaning: 'LayerNorm in place of RMSNorm',
      isNeutral: (value, {normEpsilon}) => value === normEpsilon,
    },
  ],
  ['llama.attention.clamp_kqv', {meaning: 'a clamp on attention', isNeutral: isZero}],
  ['llama.attention.max_alibi_bias', {meaning: 'ALiBi', isNeutral: isZero}],
  ['llama.attention.causal', {meaning: 'attention to later tokens', isNeutral: isOneOf(true)}],
  ['llama.use_parallel_residual', {meaning: 'parallel residuals', isNeutral: isOneOf(false)}],
  ['llama.pooling_type', {meaning: 'embeddings in place of text', isNeutral: isZero}],
  ['llama.rope.scaling.attn_factor', {meaning: 'a scale of RoPE', isNeutral: isOneOf(1)}],
  ['llama.rope.scaling.yarn_ext_factor', {meaning: 'YaRN', isNeutral: isZero}],
  ['llama.rope.scaling.yarn_attn_factor', {meaning: 'YaRN', isNeutral: isOneOf(1)}],
  ['llama.rope.scaling.yarn_log_multiplier', {meaning: 'YaRN', isNeutral: isZero}],
]);

/** To the precision of f32, in which files store it. */
function isNear(value: unknown, expected: number): boolean {
  return typeof value === 'number' && Math.abs(value - expected) <= expected * 1e-6;
}
