import * as z from 'zod';
import {epochSchema, hopIndexSchema, positionSchema} from './session-bounds.ts';

/**
 * From the client down the chain to hop `hopIndex`: the hop after it needs input from
 * `position` on. Hidden states before the next position are sent again out of those that
 * were kept; what the hop after holds already is not sent.
 */
export const replayFromSchema = z
  .object({
    kind: z.literal('replay-from'),
    epoch: epochSchema,
    hopIndex: hopIndexSchema,
    position: positionSchema,
  })
  .readonly();

/**
 * From that hop up the chain to the client: too little was kept, and only from `position` on
 * could it be sent again. What is before comes from the client's token list, in a new epoch.
 */
export const keptFromSchema = z
  .object({
    kind: z.literal('kept-from'),
    epoch: epochSchema,
    hopIndex: hopIndexSchema,
    position: positionSchema,
  })
  .readonly();
