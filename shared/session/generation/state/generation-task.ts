import type {Sampling} from '#shared/protocol/control/open-session.ts';

/** How far a client goes for one answer. */
export type GenerationLimits = {
  /** How much longer than it is allowed for each step a chain may take before it has failed. */
  readonly slackMs: number;
  /** How long an answer waits, at one stretch, for room at hops that are full, or for hops to go on with. */
  readonly patienceMs: number;
  /** Chains in a row that failed without a token. Full hops do not count. */
  readonly maxFailures: number;
};

/** What is asked, and how far the client goes for it: the same for the whole life of an answer. */
export type GenerationTask = {
  readonly promptTokenIds: readonly number[];
  readonly maxNewTokens: number;
  readonly sampling: Pick<Sampling, 'temperature' | 'topLogprobs' | 'guided'>;
  readonly endTokenIds: readonly number[];
  /** Token ids are less. */
  readonly vocabularySize: number;
  /** Positions that the model knows. */
  readonly contextTokens: number;
  /** Tokens of one piece of the prompt: small enough that hops work on different pieces at once. */
  readonly pieceTokens: number;
  readonly limits: GenerationLimits;
};

/** What tabs allow themselves, and what the virtual swarm measures. */
export const GENERATION_LIMITS: GenerationLimits = {
  slackMs: 15_000,
  // Answers take seconds: those that fill the swarm now are over by then, or it is too small.
  patienceMs: 60_000,
  maxFailures: 5,
};

const PIECE_BYTES = 32 * 1024;

/** Tokens whose hidden states are about `PIECE_BYTES` in f16; at least one. */
export function pieceTokensOf(hiddenSize: number): number {
  return Math.max(1, Math.floor(PIECE_BYTES / (2 * hiddenSize)));
}
