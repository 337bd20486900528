import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {confirmedSpeeds, expectedMs, wordOfTimes} from './confirmed-speeds.ts';

const served = (name: string, startLayer: number, serviceMs: number, sessions = 1) => ({
  hop: {
    peerId: asPeerId(name),
    startLayer,
    endLayer: startLayer + 2,
    engine: 'stub',
    predictedMs: 5,
    addedMs: 1,
    statedMsPerLayer: 2,
    hopOverheadMs: 1,
  },
  decodeSteps: 9,
  serviceMs,
  waitMs: 0,
  sessions,
  isOfTail: name === 'tail',
});

const speeds = (headMs: number, tailMs: number) =>
  confirmedSpeeds([served('head', 0, headMs), served('tail', 2, tailMs)]);

test('[LH3] a tail speaks for itself, and of others what agrees with their record counts', () => {
  expect(speeds(7, 41)).toEqual([
    {peerId: 'head', msPerLayer: 3},
    {peerId: 'tail', msPerLayer: 20},
  ]);
  expect(speeds(9.1, 5).map(({peerId}) => peerId)).toEqual(['tail']);
  expect(speeds(2.9, 5).map(({peerId}) => peerId)).toEqual(['tail']);
});

test('[LH3] of a step that ran with those of others, only its own part counts', () => {
  const hop = served('tail', 2, 16, 4);
  expect(expectedMs(hop)).toBe(8);
  // Twice what was expected: 10 ms alone, 1 of them overhead.
  expect(confirmedSpeeds([hop])).toEqual([{peerId: 'tail', msPerLayer: 4.5}]);
});

test('[LH3] a tail that leaves itself out makes no other hop speak for itself', () => {
  expect(confirmedSpeeds([served('head', 0, 41)])).toEqual([]);
  expect(wordOfTimes(served('head', 0, 41))).toBe('unconfirmed');
  expect(wordOfTimes(served('head', 0, 7))).toBe('confirmed');
  expect(wordOfTimes(served('tail', 2, 41))).toBe('own');
});
