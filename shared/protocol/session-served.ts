import * as z from 'zod';
import {hopServedSchema, MAX_SERVED} from './hop-served.ts';

/** From the tail to the client after the session was closed: what its hops measured. Since 1.1. */
export const sessionServedSchema = z
  .object({
    kind: z.literal('session-served'),
    hops: z.array(hopServedSchema).max(MAX_SERVED).readonly(),
  })
  .readonly();
