import * as z from 'zod';

const count = z.int().positive();

/**
 * The shape of a decoder model: all that the graph builder, the cost model and
 * the KV bookkeeping need. Read from GGUF metadata once, then carried by the manifest.
 */
export const modelSpecSchema = z
  .strictObject({
    architecture: z.enum(['llama']),
    layerCount: count,
    hiddenSize: count,
    feedForwardSize: count,
    headCount: count,
    kvHeadCount: count,
    headSize: count,
    vocabularySize: count,
    contextTokens: count,
    ropeBase: z.number().positive(),
    /** GGUF llama files rotate neighbouring pairs; other families rotate halves. */
    ropeInterleaved: z.boolean(),
    normEpsilon: z.number().positive(),
    /** Whether the LM head reuses the embedding matrix. */
    tiedEmbedding: z.boolean(),
    /** Generation ends with any of these. */
    endTokenIds: z.array(z.int().nonnegative()).min(1).readonly(),
  })
  .readonly();

export type ModelSpec = z.infer<typeof modelSpecSchema>;

/** KV cache of one token in one layer, keys and values in f32. */
export function kvBytesPerTokenLayer(spec: ModelSpec): number {
  return 2 * spec.kvHeadCount * spec.headSize * Float32Array.BYTES_PER_ELEMENT;
}
