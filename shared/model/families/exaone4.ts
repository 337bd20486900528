import type {Family} from './metadata/family.ts';

/** EXAONE 4 without windows: the small one. */
export const exaone4: Family = {
  constant: {ropeInterleaved: false, norms: 'after', queryKeyNorm: 'head'},
};
