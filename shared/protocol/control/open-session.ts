import * as z from 'zod';
import {asManifestHash, asPeerId, type PeerId} from '../../base/ids.ts';
import {
  epochSchema,
  hopIndexSchema,
  MAX_BIASED_TOKENS,
  MAX_COUNTED_TOKENS,
  MAX_HOPS,
  MAX_KV_TOKENS,
  positionSchema,
} from './session-bounds.ts';

const peerId = z.string().min(1).max(128).transform(asPeerId);

/** One hop of a chain: this node runs layers `[startLayer, endLayer)`. */
export type Hop = {
  readonly peerId: PeerId;
  readonly startLayer: number;
  readonly endLayer: number;
};

const openingHopSchema = z
  .object({
    peerId,
    startLayer: z.int().nonnegative(),
    endLayer: z.int().positive(),
    /**
     * Positions of this session that the client believes are in the hop's cache; 0: none.
     * Each hop replaces its own by what it holds before it passes the opening on.
     */
    warmPosition: positionSchema,
  })
  .refine((hop) => hop.endLayer > hop.startLayer, {error: 'endLayer must be > startLayer'})
  .readonly();

export type OpeningHop = z.infer<typeof openingHopSchema>;

/** Of a vocabulary; one that is outside of that of the model is no token. */
const tokenId = z.int().min(0).max(0xffff_ffff);
const penalty = z.number().min(-2).max(2);

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
    /** Added to the logits of these tokens before the best are looked for; log-probabilities are of the sums. */
    logitBias: z
      .array(z.tuple([tokenId, z.number().min(-100).max(100)]).readonly())
      .max(MAX_BIASED_TOKENS)
      .readonly()
      .optional(),
    /** Taken from the logit of a token for each time that it came in the answer. */
    frequencyPenalty: penalty.optional(),
    /** Taken from the logit of a token that came in the answer. */
    presencePenalty: penalty.optional(),
    /** Each token is one of those that the client allows at its position, in a `mask` frame: the tail waits for it. */
    guided: z.literal(true).optional(),
  })
  .readonly();

export type Sampling = z.infer<typeof samplingSchema>;

/** When the caches of a session outlive what fed them. */
const keepSchema = z.enum([
  /** A lost neighbour and the end of the answer free them. */
  'nothing',
  /** After the loss of a neighbour they wait a while for the session to be resumed. */
  'after-loss',
  /** After `close-session` with `done` they do, too: the conversation may go on. */
  'after-end',
]);

/**
 * Travels down the chain once. Each hop reserves and passes it on, or refuses.
 *
 * The id of an open session with a higher epoch resumes it: each hop goes back to the
 * lesser of `warmPosition` and what it holds. Only the client that opened it may.
 */
export const openSessionSchema = z
  .object({
    kind: z.literal('open-session'),
    protocolMajor: z.int().positive(),
    protocolMinor: z.int().nonnegative(),
    /** 0 at first, and higher with each chain that takes the session over. */
    epoch: epochSchema,
    keep: keepSchema,
    manifestHash: z.string().length(64).transform(asManifestHash),
    /** The client: gets the tokens. */
    clientId: peerId,
    /** Which of `hops` the receiver is. */
    hopIndex: hopIndexSchema,
    hops: z.array(openingHopSchema).min(1).max(MAX_HOPS).readonly(),
    promptTokens: z.int().positive().max(MAX_KV_TOKENS),
    maxNewTokens: z.int().positive().max(MAX_KV_TOKENS),
    sampling: samplingSchema,
    /** How often each token came in the answer before, for penalties. */
    counted: z
      .array(z.tuple([tokenId, z.int().positive().max(MAX_KV_TOKENS)]).readonly())
      .max(MAX_COUNTED_TOKENS)
      .readonly()
      .optional(),
  })
  .refine((message) => message.hopIndex < message.hops.length, {error: 'hopIndex beyond the chain'})
  .readonly();

export type OpenSession = z.infer<typeof openSessionSchema>;

/** Cache positions that a session needs: the last new token is never fed back. */
export function kvTokensOf(open: Pick<OpenSession, 'promptTokens' | 'maxNewTokens'>): number {
  return open.promptTokens + open.maxNewTokens - 1;
}
