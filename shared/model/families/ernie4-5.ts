import type {Family} from './metadata/family.ts';

/** ERNIE 4.5 without experts. */
export const ernie4_5: Family = {
  constant: {ropeInterleaved: true},
  optionalBiases: ['attn_q', 'attn_k', 'attn_v'],
};
