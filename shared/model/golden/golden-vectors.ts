import * as z from 'zod/mini';
import {sketchSchema} from './sketch.ts';

const tokenId = z.int().check(z.nonnegative());

export const goldenVectorsSchema = z.readonly(
  z.strictObject({
    /** What each cell of the grid makes of the golden hidden states, in layer order. */
    cells: z.readonly(z.array(sketchSchema)),
    /** What the first cell makes of the golden tokens. */
    embedding: sketchSchema,
    /** What the LM head makes of the last of the golden hidden states behind the last cell. */
    lmHead: z.readonly(
      z.strictObject({
        /** The likeliest tokens, best first. */
        tokenIds: z.readonly(z.array(tokenId).check(z.minLength(1))),
        logits: z.readonly(z.array(z.number())),
        /** log Σ exp(logit) over the whole vocabulary. */
        logSumExp: z.number(),
      }),
    ),
  }),
);

/** What an engine must compute, by the outside reference, to serve any part of a model. */
export type GoldenVectors = z.infer<typeof goldenVectorsSchema>;
