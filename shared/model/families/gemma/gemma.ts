import type {Family} from '../metadata/family.ts';

/** The first Gemma, and CodeGemma: a llama with GELU and a scaled embedding. */
export const gemma: Family = {
  constant: {ropeInterleaved: false, activation: 'gelu'},
  traits: (metadata) => ({embeddingScale: Math.sqrt(metadata.embedding_length)}),
};
