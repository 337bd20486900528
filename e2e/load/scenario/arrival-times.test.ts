import {assert, double, integer, nat, property, record} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {arrivalTimesMs, BURST_SIZE} from './arrival-times.ts';

const load = record({
  count: integer({min: 1, max: 200}),
  perSec: double({min: 0.1, max: 50, noNaN: true}),
  seed: nat(),
});

describe('when requests arrive', () => {
  test('[LA1] all at once is all at 0', () => {
    expect(arrivalTimesMs({arrival: 'all', count: 3, perSec: 1, seed: 1})).toEqual([0, 0, 0]);
  });

  test.each(['poisson', 'bursty'] as const)(
    '[LA2] %s: as many as asked for, never earlier than the one before, the same for a seed',
    (arrival) => {
      assert(
        property(load, (input) => {
          const times = arrivalTimesMs({...input, arrival});
          expect(times).toHaveLength(input.count);
          expect(
            times.every((atMs, i) => atMs >= (times[i - 1] ?? 0) && Number.isFinite(atMs)),
          ).toBe(true);
          expect(arrivalTimesMs({...input, arrival})).toEqual(times);
        }),
      );
    },
  );

  test.each(['poisson', 'bursty'] as const)('[LA3] %s: the rate is kept on average', (arrival) => {
    const count = 20_000;
    const lastMs = arrivalTimesMs({arrival, count, perSec: 4, seed: 3}).at(-1) ?? 0;
    expect((count * 1000) / lastMs).toBeCloseTo(4, 0);
  });

  test('[LA4] poisson: the deviation of the gaps is their mean', () => {
    const times = arrivalTimesMs({arrival: 'poisson', count: 20_000, perSec: 1, seed: 5});
    const gaps = times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(
      gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length,
    );
    expect(deviation / mean).toBeCloseTo(1, 1);
  });

  test('[LA5] bursty: whole groups at one time', () => {
    const times = arrivalTimesMs({arrival: 'bursty', count: 4 * BURST_SIZE, perSec: 1, seed: 2});
    expect(new Set(times).size).toBe(4);
    expect(new Set(times.slice(0, BURST_SIZE)).size).toBe(1);
  });

  test('[LA6] another seed gives other times', () => {
    const [one, other] = [1, 2].map((seed) =>
      arrivalTimesMs({arrival: 'poisson', count: 5, perSec: 1, seed}),
    );
    expect(one).not.toEqual(other);
  });
});
