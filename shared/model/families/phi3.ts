import type {Family} from './metadata/family.ts';

/** Phi 3: fused matrices, and a window in every layer of those with a short context. */
export const phi3: Family = {
  constant: {ropeInterleaved: false, isFused: true},
  keys: ['attention.sliding_window'],
  traits: (metadata) => {
    const tokens = metadata['attention.sliding_window'] ?? 0;
    return {window: tokens > 0 && tokens < metadata.context_length ? {tokens} : undefined};
  },
};
