import type {Family} from './metadata/family.ts';

/** Llama 2 and 3, Mistral, SmolLM and all that was published as such. */
export const llama: Family = {
  constant: {ropeInterleaved: true},
  optionalBiases: ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'],
};
