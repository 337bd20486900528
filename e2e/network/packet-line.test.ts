import {expect, test} from 'vitest';
import {PacketLine, QUIET_NETWORK, type NetworkConditions} from './packet-line.ts';

const lineOf = (conditions: Partial<NetworkConditions>, seed = 1, index = 0) =>
  new PacketLine({...QUIET_NETWORK, ...conditions}, {seed, index});

test('[NC1] a packet arrives after the delay, in the order in which it was sent', () => {
  const line = lineOf({delayMs: 25});
  expect([0, 3, 3].map((nowMs) => line.arrivalOf(100, nowMs))).toEqual([25, 28, 28]);
});

const lostOf = (line: PacketLine) =>
  Array.from({length: 10_000}, (_, nowMs) => line.arrivalOf(100, nowMs) === 'lost');

test('[NC2] as many packets are lost as the share says, the same for a seed, others for another line', () => {
  const lost = lostOf(lineOf({lossPercent: 1}));
  const share = lost.filter(Boolean).length / lost.length;
  expect(share).toBeGreaterThan(0.007);
  expect(share).toBeLessThan(0.013);
  expect(lostOf(lineOf({lossPercent: 1}))).toEqual(lost);
  expect(lostOf(lineOf({lossPercent: 1}, 2))).not.toEqual(lost);
  expect(lostOf(lineOf({lossPercent: 1}, 1, 1))).not.toEqual(lost);
});

test('[NC3] packets leave at the rate, and what the queue cannot hold is lost', () => {
  const line = lineOf({delayMs: 10, rateBytesPerSec: 100_000});
  // 1,000 bytes take 10 ms; the line is free again in between.
  expect([0, 0, 100].map((nowMs) => line.arrivalOf(1_000, nowMs))).toEqual([20, 30, 120]);
  const burst = lineOf({rateBytesPerSec: 100_000});
  const arrivals = Array.from({length: 100}, () => burst.arrivalOf(1_000, 0));
  expect(arrivals.findIndex((atMs) => atMs === 'dropped')).toBe(65);
  expect(arrivals.slice(65)).toEqual(Array.from({length: 35}, () => 'dropped'));
  // Room again as soon as one has left.
  expect(burst.arrivalOf(1_000, 20)).toBe(660);
});
