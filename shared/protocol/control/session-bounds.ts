import * as z from 'zod';

/** Hops of the longest chain. */
export const MAX_HOPS = 64;
/** The largest context that a session may ask a hop to remember. */
export const MAX_KV_TOKENS = 1 << 20;

/** Tokens whose logits a client may change. */
export const MAX_BIASED_TOKENS = 1_024;
/** Different tokens of an answer that penalties count, those that came first: a message holds no more. */
export const MAX_COUNTED_TOKENS = 2_048;

export const hopIndexSchema = z
  .int()
  .nonnegative()
  .max(MAX_HOPS - 1);
/** Position of a token in its session, counted from the first token of the prompt. */
export const positionSchema = z.int().nonnegative().max(MAX_KV_TOKENS);
/** As wide as in the header of a frame. */
export const epochSchema = z.int().nonnegative().max(0xffff_ffff);
