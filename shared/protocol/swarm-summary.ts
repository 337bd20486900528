import * as z from 'zod/mini';
import {asManifestHash} from '../base/ids.ts';

/** A stranger's record may name any layer; no model has so many. */
export const MAX_LAYERS = 1_024;
/** Those with the most tabs: anybody may publish records of a model of their own. */
export const MAX_MODELS = 64;

const count = z.int().check(z.nonnegative());

/** The tabs of one model, as their live records describe them. */
const modelSummarySchema = z.readonly(
  z.object({
    manifestHash: z.pipe(z.string().check(z.regex(/^[0-9a-f]{64}$/u)), z.transform(asManifestHash)),
    /** Tabs that serve layers. */
    tabs: count,
    /** Tabs that are about to: they look for a place, or load one. */
    joining: count,
    /** How many tabs serve each layer, up to the last that any tab names. */
    layers: z.readonly(z.array(count).check(z.maxLength(MAX_LAYERS))),
    /** Chains that the layers make without sharing a tab's layer; 0 while a layer is missing. */
    chains: count,
    /** Sum of what the tabs say of themselves, unchecked. */
    answersLastHour: count,
    /** Sum of what the tabs say of themselves, unchecked. */
    tokensPerSec: z.number().check(z.nonnegative()),
  }),
);

/** What a signal server knows of a swarm without being in it: `GET /api/swarm`. */
export const swarmSummarySchema = z.readonly(
  z.object({models: z.readonly(z.array(modelSummarySchema).check(z.maxLength(MAX_MODELS)))}),
);

export type ModelSummary = z.infer<typeof modelSummarySchema>;
export type SwarmSummary = z.infer<typeof swarmSummarySchema>;
