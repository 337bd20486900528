import * as z from 'zod';

/** From the tail to the client: every hop has reserved and the ring is linked. Connected is not ready. */
export const sessionReadySchema = z.object({kind: z.literal('session-ready')}).readonly();
