import type {Family} from './metadata/family.ts';

/** XVERSE without experts: a llama by another name. */
export const xverse: Family = {constant: {ropeInterleaved: true}};
