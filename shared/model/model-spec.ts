import * as z from 'zod/mini';

// What a model of today has, with room: beyond these a manifest would be made to cost time and memory.
const MOST_LAYERS = 4096;
const count = z.int().check(z.positive(), z.maximum(2 ** 31 - 1));
const positive = z.number().check(z.positive());
const text = z.string();

/**
 * The shape of a decoder model: all that the graph builder, the cost model and
 * the KV bookkeeping need. Read from GGUF metadata once, then part of the manifest.
 * It says what is computed, whatever family the model is of: what is absent is as in a plain llama.
 */
export const modelSpecSchema = z.readonly(
  z.strictObject({
    /** The family, as GGUF names it; for people. */
    architecture: text,
    layerCount: count.check(z.maximum(MOST_LAYERS)),
    hiddenSize: count,
    feedForwardSize: count,
    headCount: count,
    kvHeadCount: count,
    headSize: count,
    vocabularySize: count,
    contextTokens: count,
    ropeBase: positive,
    /** Of each head, from its first on, so many numbers are turned; absent: all. */
    ropeSize: z.exactOptional(count),
    /** Positions are divided by it before they are turned (linear scaling); absent: 1. */
    ropeFactor: z.exactOptional(positive),
    /** YaRN: pairs before `startPair` are turned as if there were no factor, those from `endPair` on with it. */
    ropeRamp: z.exactOptional(
      z.readonly(z.strictObject({startPair: z.number(), endPair: z.number()})),
    ),
    /** Cosines and sines are multiplied by it. */
    ropeScale: z.exactOptional(positive),
    /** The tensor by whose values the angle of each pair is divided. */
    ropeDivisors: z.exactOptional(text),
    /** The last of so many layers does not turn positions. */
    noRopeEvery: z.exactOptional(count),
    /** GGUF llama files rotate neighbouring pairs; other families rotate halves. */
    ropeInterleaved: z.boolean(),
    /** Attention to so many tokens, in all layers but the last of every `globalEvery`. */
    window: z.exactOptional(
      z.readonly(
        z.strictObject({
          tokens: count,
          globalEvery: z.exactOptional(count),
          /** Of the layers with a window, which have no factor then; absent: they turn as the others do. */
          ropeBase: z.exactOptional(positive),
        }),
      ),
    ),
    normEpsilon: positive,
    /** Where attention and feed-forward have norms; absent: before them. */
    norms: z.exactOptional(z.enum(['after', 'around'])),
    /** Of queries and keys, before they are turned: of each head by itself, or of all together. */
    queryKeyNorm: z.exactOptional(z.enum(['head', 'all'])),
    /** Matrices of a layer that have a bias. */
    biases: z.exactOptional(z.readonly(z.array(text))),
    /** Query, key and value are one matrix, and so are gate and up. */
    isFused: z.exactOptional(z.literal(true)),
    /** Absent: SiLU. */
    activation: z.exactOptional(z.literal('gelu')),
    /** What hidden states are multiplied by behind the embedding, and what is added to them in each layer. */
    embeddingScale: z.exactOptional(positive),
    residualScale: z.exactOptional(positive),
    /** Of attention's scores; absent: 1 / √headSize. */
    attentionScale: z.exactOptional(positive),
    logitDivisor: z.exactOptional(positive),
    /** `cap · tanh(x / cap)` of attention's scores, and of logits. */
    attentionCap: z.exactOptional(positive),
    logitCap: z.exactOptional(positive),
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

/** Attention on a GPU takes so many numbers of a head together. */
export const GPU_HEAD_UNIT = 8;

/** Whether a GPU can run the layers; a CPU runs all. */
export function fitsGpu({headSize}: Pick<ModelSpec, 'headSize'>): boolean {
  return headSize % GPU_HEAD_UNIT === 0;
}

/** How many numbers of each head are turned, in pairs. */
export function turnedSize({ropeSize, headSize}: Pick<ModelSpec, 'ropeSize' | 'headSize'>): number {
  return ropeSize ?? headSize;
}

/** Cosines and sines of all positions that a cache of `kvTokens` can hold, in f32; for each base one table per shard. */
export function rotaryTableBytes(spec: ModelSpec, kvTokens: number): number {
  const tables = spec.window?.ropeBase === undefined ? 1 : 2;
  return tables * mostPositions(spec, kvTokens) * turnedSize(spec) * Float32Array.BYTES_PER_ELEMENT;
}

/** KV cache of one token in one layer, keys and values in f32. */
export function kvBytesPerTokenLayer(spec: ModelSpec): number {
  return 2 * spec.kvHeadCount * spec.headSize * Float32Array.BYTES_PER_ELEMENT;
}
