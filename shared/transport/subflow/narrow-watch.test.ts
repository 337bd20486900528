import {expect, test} from 'vitest';
import {NarrowWatch} from './narrow-watch.ts';

function watchAt(...rttsMs: readonly number[]): NarrowWatch {
  const watch = new NarrowWatch();
  for (const rttMs of rttsMs) watch.measured(rttMs);
  return watch;
}

test('[TR32] a link is looked at where its peer is far by all of three round trips, within one of them', () => {
  expect(watchAt(100, 100).lookAfterMs).toBeNull();
  expect(watchAt(100, 100, 100).lookAfterMs).toBe(25);
  expect(watchAt(100, 29, 100, 100).lookAfterMs).toBeNull();
});

test('[TR32] it is narrow when a frame has not left by then, and says so once', () => {
  const watch = watchAt(100, 100, 100);
  expect([0, 0, 1, 1].map((waitingBytes) => watch.look(waitingBytes))).toEqual([
    false,
    false,
    true,
    false,
  ]);
  expect(watch.lookAfterMs).toBeNull();
});
