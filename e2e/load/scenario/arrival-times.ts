import {keyedUniform} from '#shared/session/keyed-uniform.ts';

/** How many requests arrive at once when they come in bursts. */
export const BURST_SIZE = 5;

/**
 * When each request is asked, in ms since the load began, ascending.
 *
 * `poisson`: independent requests, `perSec` on average. `bursty`: groups of
 * `BURST_SIZE` at once, the same number per second on average. `all`: at 0.
 * Pure: the same seed gives the same times.
 */
export function arrivalTimesMs(input: {
  readonly arrival: 'all' | 'poisson' | 'bursty';
  readonly count: number;
  readonly perSec: number;
  readonly seed: number;
}): readonly number[] {
  const {arrival, count, perSec, seed} = input;
  if (arrival === 'all') return Array.from({length: count}, () => 0);
  const groupSize = arrival === 'bursty' ? BURST_SIZE : 1;
  const meanGapMs = (groupSize * 1000) / perSec;
  let atMs = 0;
  return Array.from({length: count}, (_, i) => {
    if (i % groupSize === 0)
      atMs -= meanGapMs * Math.log(keyedUniform({seed, position: i, tokenId: 0}));
    return atMs;
  });
}
