import type {Family} from '../metadata/family.ts';
import {attentionScaleOf27B} from './gemma-27b.ts';

/** Gemma 3, text alone: five of six layers have a window, and turn positions faster. */
export const gemma3: Family = {
  constant: {
    ropeInterleaved: false,
    norms: 'around',
    queryKeyNorm: 'head',
    activation: 'gelu',
  },
  keys: [
    'attention.sliding_window',
    'attention.sliding_window_pattern',
    'rope.freq_base_swa',
    'final_logit_softcapping',
  ],
  traits: (metadata) => ({
    window: metadata['attention.sliding_window']
      ? {
          tokens: metadata['attention.sliding_window'],
          globalEvery: metadata['attention.sliding_window_pattern'] ?? 6,
          ropeBase: metadata['rope.freq_base_swa'] ?? 10_000,
        }
      : undefined,
    embeddingScale: Math.sqrt(metadata.embedding_length),
    attentionScale: attentionScaleOf27B(metadata, {layers: 62}),
    logitCap: metadata.final_logit_softcapping,
  }),
};
