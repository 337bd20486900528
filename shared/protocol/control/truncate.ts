import * as z from 'zod';
import {epochSchema, positionSchema} from './session-bounds.ts';

/**
 * From the client down the chain: every hop forgets what it holds at `position` and
 * beyond, and goes on from there in a higher epoch.
 */
export const truncateSchema = z
  .object({kind: z.literal('truncate'), epoch: epochSchema, position: positionSchema})
  .readonly();
