import type {Family} from '../metadata/family.ts';
import {attentionScaleOf27B} from './gemma-27b.ts';

/** Gemma 2: every other layer has a window. */
export const gemma2: Family = {
  constant: {ropeInterleaved: false, norms: 'around', activation: 'gelu'},
  keys: [
    'attention.sliding_window',
    'attention.sliding_window_pattern',
    'attn_logit_softcapping',
    'final_logit_softcapping',
  ],
  traits: (metadata) => ({
    window: {
      tokens: metadata['attention.sliding_window'] || 4096,
      globalEvery: metadata['attention.sliding_window_pattern'] ?? 2,
    },
    embeddingScale: Math.sqrt(metadata.embedding_length),
    attentionScale: attentionScaleOf27B(metadata, {layers: 46}),
    attentionCap: metadata.attn_logit_softcapping ?? 50,
    logitCap: metadata.final_logit_softcapping ?? 30,
  }),
};
