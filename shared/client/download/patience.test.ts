import {expect, test} from 'vitest';
import {NOTHING_SPENT, PATIENCE, pauseAfter, type Spent} from './patience.ts';
import {readRetryAfter} from './retry-after.ts';

/** The pauses of a download to which the same happens each time. */
function pausesOf(tried: {readonly stalledMs: number; readonly askedMs: number | null}) {
  const pausesMs: number[] = [];
  let spent: Spent = NOTHING_SPENT;
  for (;;) {
    const next = pauseAfter(spent, tried, PATIENCE);
    if (next === null) return pausesMs;
    pausesMs.push(next.pauseMs);
    ({spent} = next);
  }
}

test('[DN7] each pause is twice the one before, and patience ends', () => {
  expect(pausesOf({stalledMs: 0, askedMs: null})).toEqual([250, 500, 1000, 2000, 4000, 8000]);
  expect(pausesOf({stalledMs: PATIENCE.stallMs, askedMs: null})).toEqual([250, 500]);
});

test('[DN7] a server that says when is asked then, within limits', () => {
  expect(pausesOf({stalledMs: 0, askedMs: 5_000})).toEqual([5000, 5000, 5000, 5000]);
  expect(pausesOf({stalledMs: 0, askedMs: 86_400_000})).toEqual(Array(4).fill(30_000));
  expect(pausesOf({stalledMs: 0, askedMs: 0})).toEqual([250, 500, 1000, 2000]);
});

test('[DN8] Retry-After is read in seconds and as a date, by the clock of the server', () => {
  const nowMs = Date.parse('Sat, 28 Nov 2026 04:00:00 GMT');
  const read = (headers: Record<string, string>) => readRetryAfter(new Headers(headers), nowMs);
  const until = {'retry-after': 'Sat, 28 Nov 2026 04:00:07 GMT'};
  expect(read({'retry-after': '120'})).toBe(120_000);
  expect(read(until)).toBe(7_000);
  expect(read({...until, date: 'Sat, 28 Nov 2026 04:00:05 GMT'})).toBe(2_000);
  expect(read({...until, date: 'Sat, 28 Nov 2026 05:00:05 GMT'})).toBe(0);
  for (const text of ['soon', '-3', '']) expect(read({'retry-after': text})).toBeNull();
  expect(read({})).toBeNull();
});
