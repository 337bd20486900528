import * as z from 'zod';
import {asManifestHash, asPeerId} from '../ids.ts';

const peerId = z.string().min(1).max(128).transform(asPeerId);

/** The largest context that a session may ask a hop to remember. */
const MAX_KV_TOKENS = 1 << 20;

export const hopSchema = z
  .object({peerId, startLayer: z.int().nonnegative(), endLayer: z.int().positive()})
  .refine((hop) => hop.endLayer > hop.startLayer, {error: 'endLayer must be > startLayer'})
  .readonly();

/** One hop of a chain: this node runs layers `[startLayer, endLayer)`. */
export type Hop = z.infer<typeof hopSchema>;

export const samplingSchema = z
  .object({
    /** 0: greedy. */
    temperature: z.number().min(0).max(10),
    /** Only the best `topK` tokens; 0: all that the tail knows. */
    topK: z.int().min(0).max(1_000_000),
    topP: z.number().gt(0).max(1),
    seed: z.int().min(0).max(0xffff_ffff),
    /** How many of the likeliest tokens to report with each token. */
    topLogprobs: z.int().min(0).max(20),
  })
  .readonly();

export type Sampling = z.infer<typeof samplingSchema>;

/** Travels down the chain once. Each hop reserves and passes it on, or refuses. */
export const openSessionSchema = z
  .object({
    kind: z.literal('open-session'),
    protocolMajor: z.int().positive(),
    protocolMinor: z.int().nonnegative(),
    manifestHash: z.string().length(64).transform(asManifestHash),
    /** Who asks: gets the tokens. */
    clientId: peerId,
    /** Which of `hops` the receiver is. */
    hopIndex: z.int().nonnegative(),
    hops: z.array(hopSchema).min(1).max(64).readonly(),
    promptTokens: z.int().positive().max(MAX_KV_TOKENS),
    maxNewTokens: z.int().positive().max(MAX_KV_TOKENS),
    sampling: samplingSchema,
  })
  .refine((message) => message.hopIndex < message.hops.length, {error: 'hopIndex beyond the chain'})
  .readonly();

export type OpenSession = z.infer<typeof openSessionSchema>;

/** Cache positions that a session needs: the last new token is never fed back. */
export function kvTokensOf(open: Pick<OpenSession, 'promptTokens' | 'maxNewTokens'>): number {
  return open.promptTokens + open.maxNewTokens - 1;
}
