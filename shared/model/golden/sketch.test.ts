import {expect, test} from 'vitest';
import {goldenHidden} from './golden-input.ts';
import {distanceFrom, sketchOf} from './sketch.ts';

const values = goldenHidden(576);
const sketch = sketchOf(values);

function withValue(at: number, value: number): Float32Array {
  const changed = values.slice();
  changed[at] = value;
  return changed;
}

test('[MD24] a sketch tells how far other values are, by all of them a little or by one', () => {
  expect(distanceFrom(sketch, values)).toBeLessThan(1e-6);
  const scaled = (factor: number) =>
    distanceFrom(
      sketch,
      values.map((value) => value * factor),
    );
  expect(scaled(1.01)).toBeGreaterThan(0.005);
  expect(scaled(1.01)).toBeLessThan(0.01);
  expect(scaled(1.001) / scaled(1.01)).toBeCloseTo(0.1, 2);
  expect(distanceFrom(sketch, withValue(5_000, 1))).toBeGreaterThan(0.01);
  expect(distanceFrom(sketch, values.toReversed())).toBeGreaterThan(1);
});

test('[MD24] of a value that is far larger than the others, rounding does not count for more', () => {
  const large = sketchOf(withValue(5_000, 1_000));
  expect(distanceFrom(large, withValue(5_000, 1_000.5))).toBeLessThan(1e-5);
  expect(distanceFrom(large, withValue(5_000, 2_000))).toBeGreaterThan(1e-3);
});

test('[MD24] a value that is no number is no small distance', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(distanceFrom(sketch, withValue(0, value))).not.toBeLessThan(1);
  }
});
