import * as z from 'zod';
import {MAX_HOPS, positionSchema} from './session-bounds.ts';

/** From the tail to the client: every hop has reserved and the ring is linked. Connected is not ready. */
export const sessionReadySchema = z
  .object({
    kind: z.literal('session-ready'),
    /** Per hop of the chain, the position from which it needs input: 0 with an empty cache. */
    inputFrom: z.array(positionSchema).min(1).max(MAX_HOPS).readonly(),
  })
  .readonly();
