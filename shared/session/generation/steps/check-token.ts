import {portableExp} from '#shared/base/portable-math.ts';
import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import type {GenerationTask} from '../state/generation-task.ts';

/** Logits of an engine that computes in f16 are that coarse: so much above 0 a log-probability may be. */
const ROUNDING = 0.05;

/**
 * Whether an honest tail can have sampled this, whatever it was asked for: a token of the vocabulary,
 * log-probabilities that are some, and of the likeliest the best first, in which the token has its place.
 * Whether it is the token that the model gives, only another tail could say.
 */
export function canBeSampled(
  {tokenId, logprob, top}: SampledToken,
  {vocabularySize}: Pick<GenerationTask, 'vocabularySize'>,
): boolean {
  const isEntry = (entry: {readonly tokenId: number; readonly logprob: number}) =>
    entry.tokenId < vocabularySize && entry.logprob > -Infinity && entry.logprob <= ROUNDING;
  if (!isEntry({tokenId, logprob}) || !top.every(isEntry)) return false;
  const isSorted = top.every((entry, at) => entry.logprob <= (top[at - 1] ?? entry).logprob);
  const isDistinct = new Set(top.map((entry) => entry.tokenId)).size === top.length;
  const held = top.reduce((sum, entry) => sum + portableExp(entry.logprob), 0);
  if (!isSorted || !isDistinct || held > 1 + 2 * ROUNDING) return false;
  const last = top.at(-1);
  if (last === undefined) return true;
  const own = top.find((entry) => entry.tokenId === tokenId);
  return own === undefined ? logprob <= last.logprob : own.logprob === logprob;
}

/** Whether it was sampled as was asked: with so many of the likeliest, and as the best of them at temperature 0. */
export function isAsAsked(
  {tokenId, top}: SampledToken,
  {vocabularySize, sampling}: Pick<GenerationTask, 'vocabularySize' | 'sampling'>,
): boolean {
  const most = Math.min(sampling.topLogprobs, vocabularySize);
  // Where few tokens may come, there are no more.
  const isAsMany = sampling.guided === true ? top.length <= most : top.length === most;
  if (!isAsMany) return false;
  return sampling.temperature !== 0 || (top[0] ?? {tokenId}).tokenId === tokenId;
}
