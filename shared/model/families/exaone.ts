import type {Family} from './metadata/family.ts';

/** EXAONE 3 and 3.5. */
export const exaone: Family = {constant: {ropeInterleaved: false}};
