import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {isCutOff} from './is-cut-off.ts';

const [a, b, c] = [asPeerId('a'), asPeerId('b'), asPeerId('c')];

test('[LN6] a tab is cut off when two others are out of reach, or the only one', () => {
  expect(isCutOff([a, b, c], [a, b])).toBe(true);
  expect(isCutOff([a], [a])).toBe(true);
  expect(isCutOff([a, b, c], [a])).toBe(false);
  expect(isCutOff([a, b], [c])).toBe(false);
  expect(isCutOff([], [c])).toBe(false);
});
