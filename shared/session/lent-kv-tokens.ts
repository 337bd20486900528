/** Cache positions that a lending tab promises, over all sessions and for each of its layers: no answer is longer. */
export const LENT_KV_TOKENS = 8_192;
