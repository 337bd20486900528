import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {turnSentences} from './turn-sentences.ts';

const direct = {peerId: asPeerId('a'), rttMs: 4};
const relayed = {peerId: asPeerId('b'), rttMs: 40, viaTurn: true} as const;

test('[LN10] a person who lends reads how many links pass through a TURN server', () => {
  expect(turnSentences([])).toEqual([]);
  expect(turnSentences([direct])).toEqual([]);
  const [sentence, ...others] = turnSentences([direct, relayed]);
  expect(sentence).toContain('1 of 2 measured links');
  expect(others).toEqual([]);
});
