import {expect, test} from 'vitest';
import {answerChecks, broken, evenChecks} from '../checks.ts';
import {runVirtualSwarm} from '../run-virtual-swarm.ts';
import {equalTabsBadlySpread, equalTabsJoin, equalTabsJoinOneByOne} from './even-swarms.ts';

test('[PL13] equal tabs that join together spread within one of even, and no request fails', () => {
  for (const seed of [1, 2]) {
    const report = runVirtualSwarm(equalTabsJoin(seed));
    expect(broken([...evenChecks(report), ...answerChecks(report)])).toEqual([]);
  }
});

test('[PL13] so do those that join one after the other', () => {
  const report = runVirtualSwarm(equalTabsJoinOneByOne(1));
  expect(broken(evenChecks(report))).toEqual([]);
});

test('[PL14] [HL5] a badly spread swarm evens out within two minutes, and no answer is lost to a move', () => {
  const report = runVirtualSwarm(equalTabsBadlySpread(1));
  expect(report.moves).toBeGreaterThan(3);
  expect(broken([...evenChecks(report), ...answerChecks(report)])).toEqual([]);
});
