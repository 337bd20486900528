import {expect, test} from 'vitest';
import {createServerClock} from './server-clock.ts';

test('[SS31] the time of the server follows the clock of its machine ahead, and never back', () => {
  let [wallMs, elapsedMs] = [1_000_000, 0];
  const pass = (ms: number) => {
    wallMs += ms;
    elapsedMs += ms;
  };
  const now = createServerClock({wallMs: () => wallMs, elapsedMs: () => elapsedMs});
  expect(now()).toBe(1_000_000);
  pass(1_000);
  wallMs -= 3_600_000;
  expect(now()).toBe(1_001_000);
  pass(1_000);
  expect(now()).toBe(1_002_000);
  wallMs += 2 * 3_600_000;
  pass(1_000);
  expect(now()).toBe(1_003_000 + 3_600_000);
});
