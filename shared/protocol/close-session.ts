import * as z from 'zod';
import {hopServedSchema, MAX_SERVED} from './hop-served.ts';

/** From the client down the chain: free everything. */
export const closeSessionSchema = z
  .object({
    kind: z.literal('close-session'),
    reason: z.enum(['done', 'cancelled', 'failed']),
    /** What the hops so far measured; each adds its own, and the tail tells the client. Since 1.1. */
    served: z.array(hopServedSchema).max(MAX_SERVED).readonly().optional(),
  })
  .readonly();
