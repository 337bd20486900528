import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import {portableExp, portableLog} from '../base/portable-math.ts';
import {keyedUniform} from './keyed-uniform.ts';
import type {TopLogits} from './top-logits.ts';

export type SamplingOptions = {
  /** 0: the likeliest token, whatever the rest says. */
  readonly temperature: number;
  /** Keep only the k likeliest; 0: all that the graph returned. */
  readonly topK: number;
  /** Keep the fewest likeliest tokens that hold this much probability; 1: all. */
  readonly topP: number;
  /** Any integer up to 2^53: the same seed gives the same answer, on any tail. */
  readonly seed: number;
  /** Of the token to be chosen, counted from the start of the session. */
  readonly position: number;
};

type Candidate = {readonly tokenId: number; readonly logit: number};

/** Likeliest first; equal logits by token id, so that no order of arrival can matter. */
function candidatesOf(top: TopLogits): Candidate[] {
  const candidates = Array.from(top.tokenIds, (tokenId, at) => ({
    tokenId,
    logit: top.logits[at] ?? -Infinity,
  }));
  return candidates.toSorted((a, b) => b.logit - a.logit || a.tokenId - b.tokenId);
}

/** How many of the likeliest hold `topP` of the probability: at least one. */
function countWithin(candidates: readonly Candidate[], topP: number, logSumExp: number): number {
  if (topP >= 1) return candidates.length;
  let held = 0;
  for (const [at, {logit}] of candidates.entries()) {
    held += portableExp(logit - logSumExp);
    if (held >= topP) return at + 1;
  }
  return candidates.length;
}

/**
 * Chooses the next token.
 *
 * Top-k, then top-p on the model's own distribution, then temperature: that
 * order needs no probabilities but those that `logSumExp` normalises. What is
 * left is drawn by Gumbel-max: argmax of logit / temperature + g, where g is a
 * Gumbel number made of (seed, position, token id) alone. So equal logits give
 * the same token on any tail and at any replay, and logits that differ in their
 * last bits (another engine class) nearly always do too. Made of + − × ÷ only.
 */
export function sampleToken(top: TopLogits, options: SamplingOptions): number {
  const candidates = candidatesOf(top);
  const [best] = candidates;
  if (best === undefined) throw new RangeError('No logits to sample from');
  if (options.temperature <= 0) return best.tokenId;
  const inTopK = options.topK > 0 ? candidates.slice(0, options.topK) : candidates;
  const kept = inTopK.slice(0, countWithin(inTopK, options.topP, top.logSumExp));
  let chosen = best.tokenId;
  let bestScore = -Infinity;
  for (const {tokenId, logit} of kept) {
    const uniform = keyedUniform({seed: options.seed, position: options.position, tokenId});
    const score = logit / options.temperature - portableLog(-portableLog(uniform));
    if (score > bestScore) {
      bestScore = score;
      chosen = tokenId;
    }
  }
  return chosen;
}

/** Natural logarithms of the model's own probabilities of the `count` likeliest tokens. */
export function logprobsOf(
  top: TopLogits,
  count: number,
): readonly {readonly tokenId: number; readonly logprob: number}[] {
  return candidatesOf(top)
    .slice(0, count)
    .map(({tokenId, logit}) => ({tokenId, logprob: logit - top.logSumExp}));
}

/** Chooses the next token, with what its reader hears of it: its log-probability, and the likeliest that were asked for. */
export function sampledTokenOf(
  top: TopLogits,
  options: SamplingOptions & {readonly topLogprobs: number},
): SampledToken {
  const tokenId = sampleToken(top, options);
  const logit = top.logits[top.tokenIds.indexOf(tokenId)] ?? Number.NEGATIVE_INFINITY;
  return {tokenId, logprob: logit - top.logSumExp, top: logprobsOf(top, options.topLogprobs)};
}
