import type {Family} from './metadata/family.ts';

/** SmolLM 3: every fourth layer turns no positions. */
export const smollm3: Family = {
  constant: {ropeInterleaved: true, noRopeEvery: 4},
};
