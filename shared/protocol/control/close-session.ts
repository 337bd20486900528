import * as z from 'zod';
import {hopServedSchema} from './hop-served.ts';
import {MAX_HOPS} from './session-bounds.ts';

/** From the client down the chain: free everything. */
export const closeSessionSchema = z
  .object({
    kind: z.literal('close-session'),
    reason: z.enum(['done', 'cancelled', 'failed']),
    /** What the hops so far measured; each adds its own, and the tail tells the client. */
    served: z.array(hopServedSchema).max(MAX_HOPS).readonly().optional(),
  })
  .readonly();
