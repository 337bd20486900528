import {expect, test} from 'vitest';
import {WeftError} from '#shared/errors.ts';
import {explainFailure} from './explain-failure.ts';

test('[PG6] a failure of the swarm keeps its code and its sentence', () => {
  const error = new WeftError({code: 'PROMPT_TOO_LONG'}, 'The prompt is too long; shorten it');
  expect(explainFailure(error)).toEqual({
    code: 'PROMPT_TOO_LONG',
    sentence: 'The prompt is too long; shorten it.',
    nextStep: 'start-over',
  });
});

test('[PG7] a script that does not load is told in plain words, with a reload', () => {
  const error = new TypeError('Failed to fetch dynamically imported module: http://x/y.js');
  const failure = explainFailure(error);
  expect(failure).toMatchObject({code: 'PAGE_INCOMPLETE', nextStep: 'reload'});
  expect(failure.sentence).not.toContain('http');
});

test('[PG8] what is no error is told too', () => {
  expect(explainFailure('odd')).toEqual({code: 'UNKNOWN', sentence: 'odd.', nextStep: 'try-again'});
});
