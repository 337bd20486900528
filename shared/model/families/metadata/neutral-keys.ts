import type {NeutralKey} from '../../gguf/refuse-unknown-keys.ts';

/** Keys that no number of a model depends on. */
export const HARMLESS_KEYS: ReadonlySet<string> = new Set([
  'tensor_data_layout',
  // Read by YaRN and LongRoPE alone.
  'rope.scaling.original_context_length',
  'rope.scaling.yarn_beta_fast',
  'rope.scaling.yarn_beta_slow',
]);

const isOneOf =
  (...neutral: readonly unknown[]) =>
  (value: unknown): boolean =>
    neutral.includes(value);
const isZero = isOneOf(0);
/** Keys whose scale of 0 means none. */
const isNoScale = isOneOf(0, 1);
const experts = {meaning: 'a mixture of experts', isNeutral: isZero};

/** Keys of some families that change numbers, and the values with which they change nothing in the others. */
export const NEUTRAL_KEYS: ReadonlyMap<string, NeutralKey> = new Map<string, NeutralKey>([
  ['expert_count', experts],
  ['expert_used_count', experts],
  ['expert_shared_count', experts],
  ['expert_group_count', experts],
  ['expert_feed_forward_length', experts],
  ['expert_shared_feed_forward_length', experts],
  ['expert_weights_scale', {...experts, isNeutral: isNoScale}],
  ['expert_weights_norm', {...experts, isNeutral: isOneOf(false)}],
  ['interleave_moe_layer_step', experts],
  ['leading_dense_block_count', experts],
  ['nextn_predict_layers', {meaning: 'layers that predict further tokens', isNeutral: isZero}],
  ['attn_logit_softcapping', {meaning: 'a soft cap on attention', isNeutral: isZero}],
  ['final_logit_softcapping', {meaning: 'a soft cap on logits', isNeutral: isZero}],
  ['logit_scale', {meaning: 'a scale of logits', isNeutral: isNoScale}],
  ['residual_scale', {meaning: 'a scale of residuals', isNeutral: isNoScale}],
  ['embedding_scale', {meaning: 'a scale of embeddings', isNeutral: isNoScale}],
  [
    'attention.scale',
    {
      meaning: 'a scale of attention',
      isNeutral: (value, {headSize}) => value === 0 || isNear(value, 1 / Math.sqrt(headSize)),
    },
  ],
  [
    'attention.sliding_window',
    {
      meaning: 'attention over a window of tokens',
      isNeutral: (value, {contextTokens}) =>
        value === 0 || (typeof value === 'number' && value >= contextTokens),
    },
  ],
  [
    'attention.layer_norm_epsilon',
    {
      meaning: 'LayerNorm in place of RMSNorm',
      isNeutral: (value, {normEpsilon}) => value === normEpsilon,
    },
  ],
  ['attention.clamp_kqv', {meaning: 'a clamp on attention', isNeutral: isZero}],
  ['attention.max_alibi_bias', {meaning: 'ALiBi', isNeutral: isZero}],
  ['attention.causal', {meaning: 'attention to later tokens', isNeutral: isOneOf(true)}],
  ['use_parallel_residual', {meaning: 'parallel residuals', isNeutral: isOneOf(false)}],
  ['pooling_type', {meaning: 'embeddings in place of text', isNeutral: isZero}],
  ['rope.scaling.attn_factor', {meaning: 'a scale of RoPE', isNeutral: isOneOf(1)}],
  [
    'rope.scaling.yarn_ext_factor',
    // 1 is YaRN as it is, −1 the choice of the type.
    {
      meaning: 'a part of YaRN',
      isNeutral: (value, {isYarn}) => value === -1 || value === (isYarn ? 1 : 0),
    },
  ],
  ['rope.scaling.yarn_attn_factor', {meaning: 'YaRN', isNeutral: isOneOf(1)}],
  ['rope.scaling.yarn_log_multiplier', {meaning: 'YaRN', isNeutral: isZero}],
]);

/** To the precision of f32, in which files store it. */
function isNear(value: unknown, expected: number): boolean {
  return typeof value === 'number' && Math.abs(value - expected) <= expected * 1e-6;
}
