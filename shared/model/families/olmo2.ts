import type {Family} from './metadata/family.ts';

/** OLMo 2; and OLMo 3, of whose layers three of four have a window, in which no factor stretches positions. */
export const olmo2: Family = {
  constant: {ropeInterleaved: false, norms: 'after', queryKeyNorm: 'all'},
  keys: ['attention.sliding_window', 'attention.sliding_window_pattern', 'rope.freq_base_swa'],
  traits: (metadata) => ({
    window: metadata['attention.sliding_window']
      ? {
          tokens: metadata['attention.sliding_window'],
          globalEvery: metadata['attention.sliding_window_pattern'] ?? 4,
          ropeBase: metadata['rope.freq_base_swa'] ?? metadata['rope.freq_base'],
        }
      : undefined,
  }),
};
