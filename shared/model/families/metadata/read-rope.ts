import {portableLog} from '../../../base/portable-math.ts';
import type {GgufFile} from '../../gguf/gguf-file.ts';
import {showValue} from '../../gguf/metadata-values.ts';
import {ModelUnreadableError} from '../../model-unreadable-error.ts';
import type {ModelSpec} from '../../model-spec.ts';
import {ModelUnsupportedError} from '../../model-unsupported-error.ts';
import type {FamilyMetadata} from './family-metadata.ts';

/** Divisors of each pair's angle, as the files of Llama 3.1 and others have them. */
const LLAMA3_DIVISORS = 'rope_freqs.weight';
/** LongRoPE has two such tensors: for positions up to those of the first training, and for all beyond. */
export const SHORT_DIVISORS = 'rope_factors_short.weight';
export const LONG_DIVISORS = 'rope_factors_long.weight';

/** How often a pair turns within the first training's context: beyond `fast` it is kept, below `slow` stretched. */
const YARN_TURNS = {fast: 32, slow: 1};

type Scaling = 'none' | 'linear' | 'yarn' | 'longrope';
type Rope = Pick<
  ModelSpec,
  | 'contextTokens'
  | 'ropeBase'
  | 'ropeSize'
  | 'ropeFactor'
  | 'ropeRamp'
  | 'ropeScale'
  | 'ropeDivisors'
>;

/**
 * How positions are turned, and up to which.
 *
 * @throws {ModelUnsupportedError} for a kind of scaling that Weft does not know.
 * @throws {ModelUnreadableError} for two factors that differ, and for LongRoPE without its divisors.
 */
export function readRope(
  metadata: FamilyMetadata,
  {architecture, tensors}: {readonly architecture: string; readonly tensors: GgufFile['tensors']},
): Rope {
  const has = (tensor: string): boolean => tensors.some(({name}) => name === tensor);
  const ropeSize = ropeSizeOf(metadata);
  const plain = {
    contextTokens: metadata.context_length,
    ropeBase: metadata['rope.freq_base'],
    ...(ropeSize === headSizeOf(metadata) ? {} : {ropeSize}),
    ...(has(LLAMA3_DIVISORS) ? {ropeDivisors: LLAMA3_DIVISORS} : {}),
  };
  const scaling = scalingOf(metadata, tensors);
  const factor = factorOf(metadata, architecture);
  switch (scaling) {
    case 'none':
      return plain;
    case 'linear':
      return {...plain, ...factorTrait(factor)};
    case 'yarn':
      return {...plain, ...factorTrait(factor), ...yarnOf(metadata, factor)};
    case 'longrope':
      if (!has(SHORT_DIVISORS)) {
        throw new ModelUnreadableError(`the tensor "${SHORT_DIVISORS}" is missing`);
      }
      return {...plain, ...longRopeOf(metadata)};
    default:
      throw new ModelUnsupportedError({
        part: 'RoPE variant',
        found: [showValue(scaling)],
        instead: 'take a model with plain, linear, YaRN or LongRoPE positions',
      });
  }
}

/** Without a type a factor is linear, as in llama.cpp; files of Phi-3 have the divisors of LongRoPE and no type. */
export function scalingOf(
  metadata: FamilyMetadata,
  tensors: GgufFile['tensors'],
): Scaling | (string & {}) {
  const stated = metadata['rope.scaling.type'];
  return stated ?? (tensors.some(({name}) => name === SHORT_DIVISORS) ? 'longrope' : 'linear');
}

/** The old key means the same. 0 means none. */
function factorOf(metadata: FamilyMetadata, architecture: string): number {
  const factor = metadata['rope.scaling.factor'];
  const oldFactor = metadata['rope.scale_linear'];
  if (factor !== undefined && oldFactor !== undefined && factor !== oldFactor) {
    throw new ModelUnreadableError(
      `"${architecture}.rope.scaling.factor" is ${factor}, but "${architecture}.rope.scale_linear" is ${oldFactor}`,
    );
  }
  return factor || oldFactor || 1;
}

function factorTrait(ropeFactor: number): Pick<ModelSpec, 'ropeFactor'> {
  return ropeFactor === 1 ? {} : {ropeFactor};
}

/** https://arxiv.org/abs/2309.00071, as llama.cpp computes it (`ggml_rope_yarn_corr_dims`). */
function yarnOf(
  metadata: FamilyMetadata,
  factor: number,
): Pick<ModelSpec, 'ropeRamp' | 'ropeScale'> {
  const attention = metadata['rope.scaling.attn_factor'] || 1;
  const ropeScale = (0.1 * portableLog(factor) + 1) * attention;
  if (factor === 1) return scaleTrait(ropeScale);
  const original = metadata['rope.scaling.original_context_length'] ?? metadata.context_length;
  const ropeSize = ropeSizeOf(metadata);
  const logBase = portableLog(metadata['rope.freq_base']);
  const pairThatTurns = (turns: number): number =>
    (ropeSize * portableLog(original / (turns * 2 * Math.PI))) / (2 * logBase);
  const fast = metadata['rope.scaling.yarn_beta_fast'] || YARN_TURNS.fast;
  const slow = metadata['rope.scaling.yarn_beta_slow'] || YARN_TURNS.slow;
  const startPair = Math.max(0, Math.floor(pairThatTurns(fast)));
  const endPair = Math.min(ropeSize - 1, Math.ceil(pairThatTurns(slow)));
  return {ropeRamp: {startPair, endPair}, ...scaleTrait(ropeScale)};
}

/**
 * Within the first training's context, where the short divisors count. Beyond it others would, for all
 * positions of a session: what a hop has cached would depend on how long the answer becomes.
 */
function longRopeOf(
  metadata: FamilyMetadata,
): Pick<ModelSpec, 'contextTokens' | 'ropeDivisors' | 'ropeScale'> {
  const original = metadata['rope.scaling.original_context_length'] ?? metadata.context_length;
  return {
    contextTokens: Math.min(metadata.context_length, original),
    ropeDivisors: SHORT_DIVISORS,
    ...scaleTrait(metadata['rope.scaling.attn_factor'] || 1),
  };
}

function scaleTrait(ropeScale: number): Pick<ModelSpec, 'ropeScale'> {
  return ropeScale === 1 ? {} : {ropeScale};
}

/** How many numbers of each head are turned. */
export function ropeSizeOf(metadata: FamilyMetadata): number {
  return metadata['rope.dimension_count'] ?? headSizeOf(metadata);
}

/** Of keys and queries. */
export function headSizeOf(metadata: FamilyMetadata): number {
  return (
    metadata['attention.key_length'] ?? metadata.embedding_length / metadata['attention.head_count']
  );
}
