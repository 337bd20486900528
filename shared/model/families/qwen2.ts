import type {Family} from './metadata/family.ts';

/** Qwen 2 and 2.5. */
export const qwen2: Family = {
  constant: {ropeInterleaved: false, biases: ['attn_q', 'attn_k', 'attn_v']},
};
