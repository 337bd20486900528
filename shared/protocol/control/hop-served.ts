import * as z from 'zod';
import {hopIndexSchema} from './session-bounds.ts';

/** No record says more. */
const MAX_SESSIONS = 4_096;
const finite = z.number().nonnegative();

/** What one hop measured of one session: the client compares it with what it predicted. */
export const hopServedSchema = z
  .object({
    hopIndex: hopIndexSchema,
    decodeSteps: z.int().nonnegative(),
    /** Median of a decode step: frame in to frame out, without the waiting. */
    serviceMs: finite,
    /** Median of what a decode step waited until the steps of others were over. */
    waitMs: finite,
    /** Median of how many sessions' steps ran as one, its own included; left out where it ran alone. */
    sessions: z.int().min(2).max(MAX_SESSIONS).optional(),
  })
  .readonly();

export type HopServed = z.infer<typeof hopServedSchema>;
