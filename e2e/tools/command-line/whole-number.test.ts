import {expect, test} from 'vitest';
import {wholeNumber} from './whole-number.ts';

test('[CL2] an option that counts takes whole numbers only', () => {
  expect(wholeNumber('seed', '7', 0)).toBe(7);
  for (const text of ['', 'x', '1.5', '-1', 'NaN', '1e99']) {
    expect(() => wholeNumber('seed', text, 0)).toThrow(
      `--seed must be a whole number from 0, and is "${text}"`,
    );
  }
});
