import {expect, test} from 'vitest';
import {growthExponent} from './growth-exponent.ts';

test('[BN5] a cost that quadruples when the size doubles grows with exponent 2', () => {
  expect(growthExponent([8, 32, 128, 512].map((size) => [size, 7 * size * size]))).toBeCloseTo(2);
});

test('[BN5] a cost that stays has exponent 0', () => {
  expect(growthExponent([8, 32, 128].map((size) => [size, 20]))).toBeCloseTo(0);
});
