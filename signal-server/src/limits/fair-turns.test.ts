import {afterEach, beforeEach, expect, test, vi} from 'vitest';

import {FairTurns} from './fair-turns.ts';
import {KeyedAllowance} from './keyed-allowance.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const signal = new AbortController().signal;

/** What became of each, in the order in which it became so. */
function ask(turns: FairTurns, log: string[], source: string, name = source): void {
  void turns.take(source, {signal}).then((isMine) => log.push(isMine ? name : `no ${name}`));
}

test('[LM3] sources take turns, whatever each asks for, and the latest of one comes first', async () => {
  const turns = new FairTurns({perSec: 10, burst: 1, maxWaiting: 10});
  const log: string[] = [];
  for (const name of ['a1', 'a2', 'a3', 'a4']) ask(turns, log, 'a', name);
  ask(turns, log, 'b');
  await vi.advanceTimersByTimeAsync(1);
  expect(log).toEqual(['a1']);
  await vi.advanceTimersByTimeAsync(400);
  expect(log).toEqual(['a1', 'a4', 'b', 'a3', 'a2']);
  expect(turns.isIdle).toBe(false);
  await vi.advanceTimersByTimeAsync(100);
  expect(turns.isIdle).toBe(true);
});

test('[LM3] one too many costs the oldest of the longest queue', async () => {
  const turns = new FairTurns({perSec: 10, burst: 1, maxWaiting: 3});
  const log: string[] = [];
  for (const name of ['a1', 'a2', 'a3']) ask(turns, log, 'a', name);
  ask(turns, log, 'b');
  ask(turns, log, 'c');
  await vi.advanceTimersByTimeAsync(1);
  expect(log).toEqual(['a1', 'no a2']);
  turns.stop();
  await vi.advanceTimersByTimeAsync(1);
  expect(log.slice(2).toSorted()).toEqual(['no a3', 'no b', 'no c']);
});

test('[LM3] giving up passes the turn to nobody', async () => {
  const turns = new FairTurns({perSec: 10, burst: 1, maxWaiting: 3});
  const leaving = new AbortController();
  await turns.take('a', {signal});
  const left = turns.take('a', {signal: leaving.signal});
  const stayed = turns.take('a', {signal});
  leaving.abort();
  expect(await left).toBe(false);
  expect(await turns.take('a', {signal: leaving.signal})).toBe(false);
  await vi.advanceTimersByTimeAsync(101);
  expect(await stayed).toBe(true);
});

test('[LM4] an allowance is spent, earned again, and kept for so many only', () => {
  const allowance = new KeyedAllowance({burst: 2, perSec: 1});
  expect([1, 2, 3].map(() => allowance.spend('a'))).toEqual([true, true, false]);
  expect(allowance.spend('b')).toBe(true);
  vi.advanceTimersByTime(1_000);
  expect([1, 2].map(() => allowance.spend('a'))).toEqual([true, false]);
  for (let index = 0; index < 5_000; index += 1) allowance.spend(String(index));
  expect(allowance.keyCount).toBe(4_096);
});
