import type {Family} from './metadata/family.ts';

/** Qwen 3, those without experts. */
export const qwen3: Family = {
  constant: {ropeInterleaved: false, queryKeyNorm: 'head'},
};
