import * as z from 'zod';

// What a model of today has, with room: beyond these a manifest would be made to cost time and memory.
const count = z
  .int()
  .positive()
  .max(2 ** 31 - 1);
const MOST_LAYERS = 4096;

/**
 * The shape of a decoder model: all that the graph builder, the cost model and
 * the KV bookkeeping need. Read from GGUF metadata once, then part of the manifest.
 */
export const modelSpecSchema = z
  .strictObject({
    architecture: z.enum(['llama']),
    layerCount: count.max(MOST_LAYERS),
    hiddenSize: count,
    feedForwardSize: count,
    headCount: count,
    kvHeadCount: count,
    headSize: count,
    vocabularySize: count,
    contextTokens: count,
    ropeBase: z.number().positive(),
    /** Positions are divided by it before they are turned (linear scaling); absent: 1. */
    ropeFactor: z.number().positive().exactOptional(),
    /** GGUF llama files rotate neighbouring pairs; other families rotate halves. */
    ropeInterleaved: z.boolean(),
    normEpsilon: z.number().positive(),
    /** Whether the LM head reuses the embedding matrix. */
    tiedEmbedding: z.boolean(),
    /** Generation ends with any of these; none: it ends at its length. */
    endTokenIds: z.array(z.int().nonnegative()).readonly(),
  })
  .readonly();

export type ModelSpec = z.infer<typeof modelSpecSchema>;

/** Positions that one session can reach at most: in the model, and in a node with a cache of `kvTokens`. */
export function mostPositions({contextTokens}: ModelSpec, kvTokens: number): number {
  return Math.min(contextTokens, kvTokens);
}

/** Cosines and sines of all positions that a cache of `kvTokens` can hold, in f32; one table per shard. */
export function rotaryTableBytes(spec: ModelSpec, kvTokens: number): number {
  return mostPositions(spec, kvTokens) * spec.headSize * Float32Array.BYTES_PER_ELEMENT;
}

/** KV cache of one token in one layer, keys and values in f32. */
export function kvBytesPerTokenLayer(spec: ModelSpec): number {
  return 2 * spec.kvHeadCount * spec.headSize * Float32Array.BYTES_PER_ELEMENT;
}
