import type {Family} from './metadata/family.ts';
import {llama} from './llama.ts';

/** Granite 3: a llama with four scales. */
export const granite: Family = {
  ...llama,
  keys: ['embedding_scale', 'residual_scale', 'attention.scale', 'logit_scale'],
  traits: (metadata) => ({
    embeddingScale: metadata.embedding_scale,
    residualScale: metadata.residual_scale,
    attentionScale: metadata['attention.scale'],
    logitDivisor: metadata.logit_scale,
  }),
};
