import {expect, test} from 'vitest';
import {timesOf} from './times-of-hop.ts';

const served = {node: 'a', decodeSteps: 9, predictedMs: 20, observedMs: 30, waitedMs: 50};

test('[PG37] of a hop the page shows what it says itself, or what agrees with its record, and nothing made up', () => {
  expect(timesOf({...served, word: 'own'})).toBe(
    'took 30 ms, expected 20 ms, waited 50 ms for other answers',
  );
  expect(timesOf({...served, word: 'confirmed'})).toBe('took 30 ms, expected 20 ms');
  expect(timesOf({...served, word: 'unconfirmed'})).toBeNull();
  expect(timesOf(undefined)).toBeNull();
});
