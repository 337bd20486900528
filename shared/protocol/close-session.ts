import * as z from 'zod';

/** From the client down the chain: free everything. */
export const closeSessionSchema = z
  .object({kind: z.literal('close-session'), reason: z.enum(['done', 'cancelled', 'failed'])})
  .readonly();
