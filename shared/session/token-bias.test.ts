import {expect, test} from 'vitest';
import {openSessionSchema, type Sampling} from '../protocol/control/open-session.ts';
import {MAX_COUNTED_TOKENS} from '../protocol/control/session-bounds.ts';
import {opening} from './serve-hop/testing/middle-hop.ts';
import {tokenBiasOf, TokenCounts} from './token-bias.ts';

const PLAIN: Sampling = {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 0};

function biasOf(sampling: Partial<Sampling>, counted: readonly [number, number][] = []) {
  const bias = tokenBiasOf({...PLAIN, ...sampling}, new TokenCounts(counted), null);
  return bias && Array.from(bias.tokenIds, (id, at) => [id, bias.values[at]]);
}

test('[ST11] a bias is added; penalties are taken from tokens that came, the one once and the other each time', () => {
  expect(biasOf({})).toBeUndefined();
  expect(biasOf({}, [[7, 2]])).toBeUndefined();
  expect(biasOf({logitBias: [[7, -100]]})).toEqual([[7, -100]]);
  expect(biasOf({presencePenalty: 0.5}, [[7, 3]])).toEqual([[7, -0.5]]);
  expect(biasOf({frequencyPenalty: -0.5}, [[7, 3]])).toEqual([[7, 1.5]]);
  const both = {logitBias: [[7, 1] as const, [9, 2] as const], frequencyPenalty: 1};
  expect(biasOf({...both, presencePenalty: 0.5}, [[7, 2]])).toEqual([
    [7, -1.5],
    [9, 2],
  ]);
});

test('[ST12] the tokens that may come are named beside the bias of those, also without any', () => {
  const allowed = Uint32Array.of(6);
  const none = tokenBiasOf(PLAIN, new TokenCounts(), allowed);
  expect(none).toEqual({tokenIds: new Uint32Array(0), values: new Float32Array(0), allowed});
  const biased = tokenBiasOf({...PLAIN, logitBias: [[7, 1]]}, new TokenCounts(), allowed);
  expect(biased).toEqual({tokenIds: Uint32Array.of(7), values: Float32Array.of(1), allowed});
});

test('[ST11] whoever resumes an answer counts as its first tail did, also where it has too many tokens to name', () => {
  const whole = new TokenCounts();
  const tokens = Array.from({length: 3 * MAX_COUNTED_TOKENS}, (_, at) => at % 3_000);
  for (const tokenId of tokens.slice(0, 4_000)) whole.add(tokenId);
  const counted = whole.entries();
  expect(counted).toHaveLength(MAX_COUNTED_TOKENS);
  expect(openSessionSchema.parse(opening({counted}))).toEqual(opening({counted}));
  const resumed = new TokenCounts(counted);
  for (const tokenId of tokens.slice(4_000)) {
    whole.add(tokenId);
    resumed.add(tokenId);
  }
  expect(resumed.entries()).toEqual(whole.entries());
});

test.each([
  ['logitBias', [[7, 101]]],
  ['logitBias', [[-1, 1]]],
  ['logitBias', Array.from({length: 1_025}, (_, at) => [at, 1])],
  ['frequencyPenalty', 2.5],
  ['presencePenalty', Number.NaN],
])('[ST11] an opening with a %s that no client may have is refused', (field, value) => {
  const open = opening();
  const changed = {...open, sampling: {...open.sampling, [field]: value}};
  expect(openSessionSchema.safeParse(changed).success).toBe(false);
});
