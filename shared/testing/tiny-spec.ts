import type {ModelSpec} from '../model/model-spec.ts';

/** The shape of a small model; a test names only what it is about. */
export function tinySpec(overrides: Partial<ModelSpec> = {}): ModelSpec {
  return {
    architecture: 'llama',
    layerCount: 6,
    hiddenSize: 16,
    feedForwardSize: 32,
    headCount: 4,
    kvHeadCount: 2,
    headSize: 4,
    vocabularySize: 500,
    contextTokens: 256,
    ropeBase: 10_000,
    ropeInterleaved: true,
    normEpsilon: 1e-5,
    tiedEmbedding: true,
    endTokenIds: [499],
    ...overrides,
  };
}
