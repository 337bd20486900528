import type {Family} from './family.ts';

/** OLMo 2. */
export const olmo2: Family = {
  constant: {ropeInterleaved: false, norms: 'after', queryKeyNorm: 'all'},
};
