import {expect, test} from 'vitest';
import {task} from '../../testing/generation-script.ts';
import {canBeSampled, isAsAsked} from '../check-token.ts';

const FIRST = {tokenId: 5, logprob: -0.5};
const SECOND = {tokenId: 7, logprob: -1};
const TOP = [FIRST, SECOND];
const LIKELIEST = {tokenId: 5, logprob: -0.5, top: TOP};
const greedy = task({sampling: {temperature: 0, topLogprobs: 2}});
const drawn = task({sampling: {temperature: 1, topLogprobs: 2}});

test('[GN17] what an honest tail samples passes', () => {
  expect(canBeSampled(LIKELIEST, greedy)).toBe(true);
  expect(canBeSampled({tokenId: 99, logprob: -4, top: TOP}, drawn)).toBe(true);
  expect(canBeSampled({tokenId: 5, logprob: 0, top: []}, task())).toBe(true);
  for (const asked of [greedy, drawn]) expect(isAsAsked(LIKELIEST, asked)).toBe(true);
});

test.each([
  ['a token outside the vocabulary', {...LIKELIEST, tokenId: 100}],
  ['a log-probability that is not a number', {...LIKELIEST, logprob: NaN}],
  ['a log-probability that is not finite', {...LIKELIEST, logprob: -Infinity}],
  ['a probability above 1', {...LIKELIEST, logprob: 0.1}],
  ['the likeliest in another order', {...LIKELIEST, top: TOP.toReversed()}],
  ['one of the likeliest twice', {...LIKELIEST, top: [FIRST, FIRST]}],
  [
    'a likeliest token outside the vocabulary',
    {...LIKELIEST, top: [FIRST, {...SECOND, tokenId: 100}]},
  ],
  ['likeliest tokens with no probability', {...LIKELIEST, top: [FIRST, {...SECOND, logprob: NaN}]}],
  [
    'probabilities that are more than 1 together',
    {...LIKELIEST, top: TOP.map((entry) => ({...entry, logprob: -0.1}))},
  ],
  ['another log-probability than among the likeliest', {...LIKELIEST, logprob: -0.6}],
  ['a token as likely as the likeliest, and not among them', {tokenId: 9, logprob: -0.6, top: TOP}],
])('[GN17] %s is not shown', (_, token) => {
  expect(canBeSampled(token, drawn)).toBe(false);
});

test.each([
  ['fewer of the likeliest than were asked for', {...LIKELIEST, top: TOP.slice(1)}],
  ['a greedy token that is not the likeliest', {tokenId: 7, logprob: -1, top: TOP}],
])('[GN17] %s is not as asked', (_, token) => {
  expect(isAsAsked(token, greedy)).toBe(false);
});
