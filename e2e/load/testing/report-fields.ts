import * as z from 'zod';

/** The fields that readers outside this repository rely on. */
export const reportSchema = z.object({
  summary: z.object({
    requests: z.int(),
    completed: z.int(),
    failed: z.int(),
    wrong: z.int(),
    tokensPerSec: z.number(),
    timeToFirstTokenMs: z.object({p50: z.number(), p95: z.number(), max: z.number()}),
    interTokenMs: z.object({p50: z.number(), p95: z.number(), max: z.number()}),
    takeoverMs: z.object({p50: z.number(), max: z.number()}),
    coverageMs: z.number().nullable(),
  }),
  requests: z.array(
    z.object({
      id: z.int(),
      tokenIds: z.array(z.int()),
      finishReason: z.enum(['stop', 'length']).nullable(),
      chains: z.array(
        z.array(
          z.object({
            node: z.string(),
            startLayer: z.int(),
            endLayer: z.int(),
            engine: z.string(),
          }),
        ),
      ),
      error: z.string().nullable(),
      errorCode: z.string().nullable(),
      isWrong: z.boolean(),
    }),
  ),
  nodes: z.array(
    z.object({id: z.string(), startLayer: z.int(), endLayer: z.int(), loadedLayers: z.int()}),
  ),
  events: z.array(z.looseObject({atMs: z.number(), kind: z.string()})),
  tabEvents: z.array(z.looseObject({atMs: z.number(), tab: z.string(), event: z.string()})),
});
