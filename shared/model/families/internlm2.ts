import type {Family} from './metadata/family.ts';

/** InternLM 2 and 2.5: a llama by another name; the third is published as a llama. */
export const internlm2: Family = {constant: {ropeInterleaved: true}};
