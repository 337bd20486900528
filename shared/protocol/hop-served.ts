import * as z from 'zod';

const finite = z.number().nonnegative();

/** What one hop measured of one session: the client compares it with what it predicted. */
export const hopServedSchema = z
  .object({
    hopIndex: z.int().nonnegative().max(63),
    decodeSteps: z.int().nonnegative(),
    /** Median of a decode step: frame in to frame out, without the waiting. */
    serviceMs: finite,
    /** Median of what a decode step waited until the steps of others were over. */
    waitMs: finite,
  })
  .readonly();

export type HopServed = z.infer<typeof hopServedSchema>;

/** One entry of each hop of the longest chain. */
export const MAX_SERVED = 64;
