import * as z from 'zod';
import {refusalCodeSchema} from './refusal-code.ts';
import {hopIndexSchema} from './session-bounds.ts';

/** From a hop up the chain to the client: this hop refuses, or can no longer serve. */
export const sessionFailedSchema = z
  .object({
    kind: z.literal('session-failed'),
    /** The hop that is to blame, which need not be the one that reports. */
    hopIndex: hopIndexSchema,
    code: refusalCodeSchema,
  })
  .readonly();
