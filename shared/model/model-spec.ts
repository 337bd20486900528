import * as z from 'zod/mini';

// What a model of today has, with room: beyond these a manifest would be made to cost time and memory.
const MOST_LAYERS = 4096;
const count = z.int().check(z.positive(), z.maximum(2 ** 31 - 1));
const positive = z.number().check(z.positive());

/**
 * The shape of a decoder model: all that the graph builder, the cost model and
 * the KV bookkeeping need. Read from GGUF metadata once, then part of the manifest.
 */
export const modelSpecSchema = z.readonly(
  z.strictObject({
    architecture: z.enum(['llama']),
    layerCount: count.check(z.maximum(MOST_LAYERS)),
    hiddenSize: count,
    feedForwardSize: count,
    headCount: count,
    kvHeadCount: count,
    headSize: count,
    vocabularySize: count,
    contextTokens: count,
    ropeBase: positive,
    /** Positions are divided by it before they are turned (linear scaling); absent: 1. */
    ropeFactor: z.exactOptional(positive),
    /** GGUF llama files rotate neighbouring pairs; other families rotate halves. */
    ropeInterleaved: z.boolean(),
    normEpsilon: positive,
    /** Whether the LM head reuses the embedding matrix. */
    tiedEmbedding: z.boolean(),
    /** Generation ends with any of these; none: it ends at its length. */
    endTokenIds: z.readonly(z.array(z.int().check(z.nonnegative()))),
  }),
);

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
