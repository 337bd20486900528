import {layerTensors} from './tensor-layout.ts';
import {kvBytesPerTokenLayer, rotaryTableBytes, type ModelSpec} from '../model-spec.ts';

/** How many layers fit a node: alone, with the embedding, with the LM head, with both. */
export type LayerCapacity = {
  readonly plain: number;
  readonly first: number;
  readonly last: number;
  readonly both: number;
};

/** Weights run as f32 on WASM (`MatMul` is several times faster there than any 4-bit kernel). */
const WEIGHT_BYTES = 4;
/** A budget is never spent whole: browsers do not say no before they fall over. */
const USABLE_SHARE = 0.8;
/** Runtime, graph and the largest buffers while loading. */
const BASE_BYTES = 200 * 1024 * 1024;

/** A node that says how many layers it holds; embedding and LM head come free. */
export function capacityOfLayers(spec: ModelSpec, maxLayers: number): LayerCapacity {
  const layers = Math.min(maxLayers, spec.layerCount);
  return {plain: layers, first: layers, last: layers, both: layers};
}

/**
 * What fits a memory budget on WASM: f32 weights, and KV cache for `kvTokens`
 * tokens over all sessions, and the rotary table of their positions. The embedding stays quantised; the LM head is f32.
 */
export function capacityOfMemory(
  spec: ModelSpec,
  {
    budgetBytes,
    kvTokens,
    embeddingBytes,
  }: {
    readonly budgetBytes: number;
    readonly kvTokens: number;
    readonly embeddingBytes: number;
  },
): LayerCapacity {
  const layerBytes = weightsPerLayer(spec) * WEIGHT_BYTES + kvTokens * kvBytesPerTokenLayer(spec);
  const lmHeadBytes = spec.vocabularySize * spec.hiddenSize * WEIGHT_BYTES;
  const tableBytes = rotaryTableBytes(spec, kvTokens);
  const usableBytes = budgetBytes * USABLE_SHARE - BASE_BYTES - tableBytes;
  const layersIn = (bytes: number): number =>
    Math.max(0, Math.min(spec.layerCount, Math.floor(bytes / layerBytes)));
  return {
    plain: layersIn(usableBytes),
    first: layersIn(usableBytes - embeddingBytes),
    last: layersIn(usableBytes - lmHeadBytes),
    both: layersIn(usableBytes - embeddingBytes - lmHeadBytes),
  };
}

function weightsPerLayer(spec: ModelSpec): number {
  return layerTensors(spec, 0)
    .map(({shape}) => shape.reduce((product, size) => product * size, 1))
    .reduce((sum, weights) => sum + weights, 0);
}
