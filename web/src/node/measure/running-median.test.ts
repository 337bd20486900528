import {expect, test} from 'vitest';
import {RunningMedian} from './running-median.ts';

test('[CM1] the median is over the last samples', () => {
  const median = new RunningMedian({count: 5, ageMs: 1000});
  expect(median.value).toBeNull();
  for (const value of [9, 9, 9, 9, 9]) median.add(value, 0);
  for (const value of [1, 2, 3]) median.add(value, 1);
  expect([median.count, median.value]).toEqual([5, 3]);
});

test('[CM1] what is too old is forgotten, but for the last few', () => {
  const median = new RunningMedian({count: 32, ageMs: 1000});
  for (let step = 0; step < 30; step += 1) median.add(1, 0);
  median.add(5, 2000);
  expect([median.count, median.value]).toEqual([4, 1]);
  for (let step = 0; step < 3; step += 1) median.add(5, 4000);
  expect(median.value).toBe(5);
});
