import {turnedSize, type ModelSpec} from '../model-spec.ts';
import {BLOCK_SIZES, type TensorDtype} from '../storage/block-sizes.ts';

/** Name and shape that a tensor must have; GGUF order, the contiguous dimension first. */
export type TensorShape = {readonly name: string; readonly shape: readonly number[]};

export const EMBEDDING_TENSOR = 'token_embd.weight';
const OUTPUT_NORM_TENSOR = 'output_norm.weight';
export const LM_HEAD_TENSOR = 'output.weight';

/** Bytes of a stored tensor, or `null` when its rows are no whole number of blocks. */
export function tensorByteLength(dtype: TensorDtype, shape: readonly number[]): number | null {
  const [blockWeights, blockBytes] = BLOCK_SIZES[dtype];
  const rowWeights = shape[0] ?? 0;
  if (rowWeights % blockWeights !== 0) return null;
  const weightCount = shape.reduce((product, size) => product * size, 1);
  return (weightCount / blockWeights) * blockBytes;
}

/** The tensors of one decoder layer, in GGUF's names. */
export function layerTensors(spec: ModelSpec, layer: number): readonly TensorShape[] {
  const {hiddenSize, feedForwardSize, headSize, norms, queryKeyNorm, isFused} = spec;
  const querySize = spec.headCount * headSize;
  const kvSize = spec.kvHeadCount * headSize;
  const hidden = [hiddenSize];
  const isBefore = norms !== 'after';
  const isBehind = norms !== undefined;
  const hasNormOf = queryKeyNorm !== undefined;
  const [queryNorm, keyNorm] = queryKeyNorm === 'all' ? [querySize, kvSize] : [headSize, headSize];
  const shapes: readonly (readonly [boolean, string, readonly number[]])[] = [
    [isBefore, 'attn_norm', hidden],
    [!isFused, 'attn_q', [hiddenSize, querySize]],
    [!isFused, 'attn_k', [hiddenSize, kvSize]],
    [!isFused, 'attn_v', [hiddenSize, kvSize]],
    [!!isFused, 'attn_qkv', [hiddenSize, querySize + 2 * kvSize]],
    [hasNormOf, 'attn_q_norm', [queryNorm]],
    [hasNormOf, 'attn_k_norm', [keyNorm]],
    [true, 'attn_output', [querySize, hiddenSize]],
    [isBehind, 'post_attention_norm', hidden],
    [isBefore, 'ffn_norm', hidden],
    [!isFused, 'ffn_gate', [hiddenSize, feedForwardSize]],
    [true, 'ffn_up', [hiddenSize, isFused ? 2 * feedForwardSize : feedForwardSize]],
    [true, 'ffn_down', [feedForwardSize, hiddenSize]],
    [isBehind, 'post_ffw_norm', hidden],
  ];
  const present = shapes.filter(([isPresent]) => isPresent);
  const sizes = new Map(present.map(([, part, shape]) => [part, shape.slice(1)]));
  return [
    ...present.map(([, part, shape]) => ({name: `blk.${layer}.${part}.weight`, shape})),
    // A bias of what is not there has no size, and is refused as a tensor of the wrong shape.
    ...(spec.biases ?? []).map((part) => ({
      name: `blk.${layer}.${part}.bias`,
      shape: sizes.get(part) ?? [],
    })),
  ];
}

/** What turns token ids into the first hidden state. */
export function embeddingTensors(spec: ModelSpec): readonly TensorShape[] {
  return [{name: EMBEDDING_TENSOR, shape: [spec.hiddenSize, spec.vocabularySize]}];
}

/** What turns the last hidden state into logits: the final norm, and a matrix of its own or the embedding's. */
export function lmHeadTensors(spec: ModelSpec): readonly TensorShape[] {
  const matrix = spec.tiedEmbedding ? EMBEDDING_TENSOR : LM_HEAD_TENSOR;
  return [
    {name: OUTPUT_NORM_TENSOR, shape: [spec.hiddenSize]},
    {name: matrix, shape: [spec.hiddenSize, spec.vocabularySize]},
  ];
}

/** What every shard needs to turn positions, where the model has it. */
export function rotaryTensors(spec: ModelSpec): readonly TensorShape[] {
  const {ropeDivisors} = spec;
  return ropeDivisors === undefined ? [] : [{name: ropeDivisors, shape: [turnedSize(spec) / 2]}];
}

/** Every tensor of the model, once. */
export function modelTensors(spec: ModelSpec): readonly TensorShape[] {
  const layers = Array.from({length: spec.layerCount}, (_, layer) => layerTensors(spec, layer));
  const head = lmHeadTensors(spec).filter((tensor) => tensor.name !== EMBEDDING_TENSOR);
  return [...embeddingTensors(spec), ...layers.flat(), ...head, ...rotaryTensors(spec)];
}
