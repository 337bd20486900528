import * as z from 'zod';
import {count, layerCount, realNumber, tokenId} from '../../gguf/metadata-values.ts';

/** Beyond these a number is damage: the largest in use are 5 × 10⁸ and 64. */
const LARGEST_ROPE_BASE = 1e12;
const LARGEST_FACTOR = 1e6;

const flag = z.boolean({error: 'must be true or false'});
const ropeBase = realNumber(0, LARGEST_ROPE_BASE);
// A factor, scale or cap of 0 means none, as in llama.cpp.
const factor = z.union([z.literal(0), realNumber(0, LARGEST_FACTOR)], {
  error: `must be a number from 0 to ${LARGEST_FACTOR}`,
});
/** Of every so many layers the last sees all. Some files say it of each layer: `true`, a window. */
const windowPeriod = z.preprocess(periodOf, count);
const countOrNone = z.union([z.literal(0), count], {error: 'must be a whole number'});

/** Keys that every family has, behind the name of the architecture. */
const COMMON_KEYS = {
  block_count: layerCount,
  context_length: count,
  embedding_length: count,
  feed_forward_length: count,
  'attention.head_count': count,
  'attention.head_count_kv': count.optional(),
  'attention.key_length': count.optional(),
  'attention.value_length': count.optional(),
  'attention.layer_norm_rms_epsilon': realNumber(0, 1),
  'rope.freq_base': ropeBase.default(10_000),
  'rope.dimension_count': count.optional(),
  'rope.scaling.type': z.string({error: 'must be a text'}).optional(),
  'rope.scaling.factor': factor.optional(),
  'rope.scale_linear': factor.optional(),
  'rope.scaling.finetuned': flag.optional(),
  vocab_size: tokenId.optional(),
};

/** Of YaRN and LongRoPE; elsewhere `attn_factor` is not understood, and the others are read by nobody. */
const SCALING_KEYS = {
  'rope.scaling.original_context_length': count.optional(),
  'rope.scaling.attn_factor': factor.optional(),
  'rope.scaling.yarn_beta_fast': factor.optional(),
  'rope.scaling.yarn_beta_slow': factor.optional(),
};

const OPTIONAL_KEYS = {
  'attention.sliding_window': countOrNone.optional(),
  'attention.sliding_window_pattern': windowPeriod.optional(),
  'attention.scale': factor.optional(),
  attn_logit_softcapping: factor.optional(),
  final_logit_softcapping: factor.optional(),
  embedding_scale: factor.optional(),
  residual_scale: factor.optional(),
  logit_scale: factor.optional(),
  'rope.freq_base_swa': ropeBase.optional(),
};

export type OptionalKey = keyof typeof OPTIONAL_KEYS;

/** What Weft reads of a model, behind the name of its architecture. */
export const familyMetadataSchema = z.object({...COMMON_KEYS, ...SCALING_KEYS, ...OPTIONAL_KEYS});

export type FamilyMetadata = z.infer<typeof familyMetadataSchema>;

/** Keys whose value changes what is computed, and is computed so. */
export function understoodKeys(keys: {
  readonly ofFamily: readonly OptionalKey[];
  readonly isScaled: boolean;
}): ReadonlySet<string> {
  return new Set([
    ...Object.keys(COMMON_KEYS),
    ...(keys.isScaled ? Object.keys(SCALING_KEYS) : []),
    ...keys.ofFamily,
  ]);
}

/** Of a list that repeats itself: how many layers until one sees all. Anything else stays as it is. */
function periodOf(value: unknown): unknown {
  if (!Array.isArray(value) || !value.includes(false)) return value;
  const haveWindow: readonly unknown[] = value;
  const period = haveWindow.indexOf(false) + 1;
  const repeats = haveWindow.every((has, layer) => has === ((layer + 1) % period !== 0));
  return repeats ? period : value;
}
