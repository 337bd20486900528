import {expect, test} from 'vitest';
import {Allowance} from './allowance.ts';

test('[GD8] a burst is allowed, then so many a second, and the excess is reported', () => {
  const allowance = new Allowance({perSec: 10, burst: 3});
  expect([0, 0, 0, 0, 0].map((nowMs) => allowance.take(nowMs))).toEqual([0, 0, 0, 1, 2]);
  expect(allowance.waitMs()).toBeCloseTo(200);
  expect(allowance.take(300)).toBe(0);
  expect(allowance.take(300)).toBe(1);
});
