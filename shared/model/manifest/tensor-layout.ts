import type {ModelSpec} from '../model-spec.ts';
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
  const {hiddenSize, feedForwardSize} = spec;
  const querySize = spec.headCount * spec.headSize;
  const kvSize = spec.kvHeadCount * spec.headSize;
  const shapes: readonly (readonly [string, readonly number[]])[] = [
    ['attn_norm', [hiddenSize]],
    ['attn_q', [hiddenSize, querySize]],
    ['attn_k', [hiddenSize, kvSize]],
    ['attn_v', [hiddenSize, kvSize]],
    ['attn_output', [querySize, hiddenSize]],
    ['ffn_norm', [hiddenSize]],
    ['ffn_gate', [hiddenSize, feedForwardSize]],
    ['ffn_up', [hiddenSize, feedForwardSize]],
    ['ffn_down', [feedForwardSize, hiddenSize]],
  ];
  return shapes.map(([part, shape]) => ({name: `blk.${layer}.${part}.weight`, shape}));
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

/** Every tensor of the model, once. */
export function modelTensors(spec: ModelSpec): readonly TensorShape[] {
  const layers = Array.from({length: spec.layerCount}, (_, layer) => layerTensors(spec, layer));
  const head = lmHeadTensors(spec).filter((tensor) => tensor.name !== EMBEDDING_TENSOR);
  return [...embeddingTensors(spec), ...layers.flat(), ...head];
}
