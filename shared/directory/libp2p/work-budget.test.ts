import {expect, test} from 'vitest';
import {WorkBudget} from './work-budget.ts';

test('[KR7] work goes on without a pause for a burst, and then takes its share of the time', () => {
  const budget = new WorkBudget({share: 0.1, burstMs: 30});
  let nowMs = 0;
  let workedMs = 0;
  while (nowMs < 10_000) {
    workedMs += 5;
    nowMs += 5;
    nowMs += budget.spend(5, nowMs);
  }
  expect(workedMs).toBeGreaterThan(950);
  expect(workedMs).toBeLessThan(1_100);
  expect(new WorkBudget({share: 0.1, burstMs: 30}).spend(29, 0)).toBe(0);
});

test('[KR7] a thread that was stopped in the middle of work is not made to pay for that', () => {
  const budget = new WorkBudget({share: 0.1, burstMs: 30});
  budget.spend(20_000, 20_000);
  expect(budget.spend(1, 20_001)).toBeLessThan(20);
});
