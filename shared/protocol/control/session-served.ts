import * as z from 'zod';
import {hopServedSchema} from './hop-served.ts';
import {MAX_HOPS} from './session-bounds.ts';

/** From the tail to the client after the session was closed: what its hops measured. */
export const sessionServedSchema = z
  .object({
    kind: z.literal('session-served'),
    hops: z.array(hopServedSchema).max(MAX_HOPS).readonly(),
  })
  .readonly();
