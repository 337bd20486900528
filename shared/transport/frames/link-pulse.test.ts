import {expect, test} from 'vitest';
import {LinkPulse} from './link-pulse.ts';

const ON_TIME = {isLate: false};

/** How many ticks of silence a peer has left after these pauses between its beats; at most 100. */
function ticksUntilGone(...pauses: readonly number[]): number {
  const pulse = new LinkPulse();
  pulse.beat();
  for (const pause of pauses) {
    for (let i = 0; i < pause; i += 1) expect(pulse.tick(ON_TIME)).toBe(false);
    pulse.beat();
  }
  for (let ticks = 1; ticks <= 100; ticks += 1) if (pulse.tick(ON_TIME)) return ticks;
  return Infinity;
}

test('[TR24] a peer whose beats stop is gone after 3.5 s', () => {
  expect(ticksUntilGone()).toBe(7);
  expect(ticksUntilGone(1, 1, 1)).toBe(7);
});

test('[TR24] a peer that pauses now and then has four times its longest pause, and at most 15 s', () => {
  expect(ticksUntilGone(4)).toBe(16);
  expect(ticksUntilGone(6, 23)).toBe(30);
  expect(ticksUntilGone(4, ...Array<number>(120).fill(1))).toBeLessThan(10);
});

test('[TR24] a peer that never beats is not expected to, nor one of whom nobody waits for anything', () => {
  const pulse = new LinkPulse();
  const silentFor100 = () => Array.from({length: 100}, () => pulse.tick(ON_TIME));
  expect(silentFor100()).not.toContain(true);
  pulse.beat();
  pulse.rest();
  expect(silentFor100()).not.toContain(true);
  pulse.wake();
  expect(silentFor100().indexOf(true)).toBe(6);
  const mute = new LinkPulse();
  mute.wake();
  for (let i = 0; i < 100; i += 1) expect(mute.tick(ON_TIME)).toBe(false);
});

test('[TR24] a judge that was stopped itself judges nobody', () => {
  const pulse = new LinkPulse();
  pulse.beat();
  for (let i = 0; i < 6; i += 1) expect(pulse.tick(ON_TIME)).toBe(false);
  expect(pulse.tick({isLate: true})).toBe(false);
  for (let i = 0; i < 6; i += 1) expect(pulse.tick(ON_TIME)).toBe(false);
  expect(pulse.tick(ON_TIME)).toBe(true);
});
