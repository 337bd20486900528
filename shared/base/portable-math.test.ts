import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {portableExp, portableLog, portableSinCos} from './portable-math.ts';

const relativeError = (actual: number, expected: number): number =>
  Math.abs(actual - expected) / Math.max(Math.abs(expected), Number.MIN_VALUE);

test('[PM1] the logarithm agrees with the exact one to 4 ulp over the whole range', () => {
  fc.assert(
    fc.property(fc.double({min: 5e-324, max: 1e308, noNaN: true}), (x) => {
      const expected = Math.log(x);
      expect(Math.abs(portableLog(x) - expected)).toBeLessThanOrEqual(
        9e-16 * Math.max(Math.abs(expected), 1e-3),
      );
    }),
    {numRuns: 5000},
  );
});

test('[PM2] the logarithm refuses what has none', () => {
  for (const x of [0, -1, Number.NaN, Infinity]) expect(() => portableLog(x)).toThrow(RangeError);
});

test('[PM3] the exponential agrees with the exact one to 4 ulp', () => {
  fc.assert(
    fc.property(fc.double({min: -700, max: 700, noNaN: true}), (x) => {
      expect(relativeError(portableExp(x), Math.exp(x))).toBeLessThan(9e-16);
    }),
    {numRuns: 5000},
  );
  expect([portableExp(0), portableExp(-800), portableExp(800)]).toEqual([1, 0, Infinity]);
});

test('[PM4] sine and cosine agree with the exact ones over a long context', () => {
  fc.assert(
    fc.property(fc.double({min: 0, max: 131072, noNaN: true}), (angle) => {
      const {sin, cos} = portableSinCos(angle);
      const bound = 1e-15 * (1 + angle / 1000);
      expect(Math.abs(sin - Math.sin(angle))).toBeLessThan(bound);
      expect(Math.abs(cos - Math.cos(angle))).toBeLessThan(bound);
    }),
    {numRuns: 5000},
  );
});
