import {expect, test} from 'vitest';
import {findWrong} from './find-wrong.ts';

const answer = (id: number, tokenIds: readonly number[], isComplete = true, question = 'q') => ({
  id,
  question,
  tokenIds,
  isComplete,
});

test('[WR1] an answer that differs from the reference is wrong', () => {
  const reference = new Map([['q', [1, 2, 3]]]);
  const answers = [
    answer(0, [1, 2, 3]),
    answer(1, [1, 2, 4]),
    answer(2, [1, 2]),
    answer(3, [1, 2, 3, 4]),
  ];
  expect(findWrong(answers, reference)).toEqual(new Set([1, 2, 3]));
});

test('[WR2] an answer that broke off is wrong only when what came of it is', () => {
  const reference = new Map([['q', [1, 2, 3]]]);
  expect(
    findWrong([answer(0, [1, 2], false), answer(1, [2], false), answer(2, [], false)], reference),
  ).toEqual(new Set([1]));
});

test('[WR3] without a reference the same question must get the same answer', () => {
  const answers = [
    answer(0, [9], false),
    answer(1, [1, 2]),
    answer(2, [1, 3]),
    answer(3, [5], true, 'other'),
  ];
  expect(findWrong(answers, new Map())).toEqual(new Set([0, 2]));
});
