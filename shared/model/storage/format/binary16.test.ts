import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {decodeF16, encodeF16, fitsF16, roundToWire} from './binary16.ts';

/** Written from the definition, by repeated doubling: no table, no bit trick. */
function byDefinition(bits: number): number {
  const exponent = Math.floor(bits / 1024) % 32;
  const fraction = bits % 1024;
  const sign = bits >= 32768 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  let value = exponent === 0 ? fraction / 1024 : 1 + fraction / 1024;
  for (let e = Math.max(exponent, 1); e > 15; e -= 1) value *= 2;
  for (let e = Math.max(exponent, 1); e < 15; e += 1) value /= 2;
  return sign * value;
}

const FINITE_COUNT = 0x7c00;

test('[DQ1] every one of the 65,536 f16 patterns decodes to its value and back', () => {
  const patterns = Array.from({length: 65536}, (_, bits) => bits);
  const wrong = patterns.filter((bits) => !Object.is(decodeF16(bits), byDefinition(bits)));
  expect(wrong).toEqual([]);
  const numbers = patterns.filter((bits) => !Number.isNaN(byDefinition(bits)));
  expect(numbers).toHaveLength(2 * (FINITE_COUNT + 1));
  expect(numbers.filter((bits) => encodeF16(decodeF16(bits)) !== bits)).toEqual([]);
  expect(Number.isNaN(decodeF16(encodeF16(Number.NaN)))).toBe(true);
});

test('[DQ2] rounding goes to the nearest f16, ties to even, around every midpoint', () => {
  const f32 = new Float32Array(1);
  const bitsOf = new Uint32Array(f32.buffer);
  const neighbour = (value: number, step: number): number => {
    f32[0] = value;
    bitsOf[0] = (bitsOf[0] ?? 0) + step;
    return f32[0] ?? 0;
  };
  const wrong = Array.from({length: FINITE_COUNT - 1}, (_, low) => low).filter((low) => {
    const middle = (decodeF16(low) + decodeF16(low + 1)) / 2;
    const even = low % 2 === 0 ? low : low + 1;
    const around = [neighbour(middle, -1), middle, neighbour(middle, 1), -middle];
    return around.map(encodeF16).join() !== [low, even, low + 1, even | 0x8000].join();
  });
  expect(wrong).toEqual([]);
});

test('[DQ3] what f16 cannot hold stays f32 and never becomes Infinity', () => {
  expect([65504, 65519.99, 65520, -70000, 3e38].map((v) => roundToWire(Math.fround(v)))).toEqual(
    [65504, 65504, 65520, -70000, 3e38].map((v) => Math.fround(v)),
  );
  expect([65504, -65504, 65520].map(fitsF16)).toEqual([true, true, false]);
});

test('[DQ4] rounding twice is rounding once, sign of zero included', () => {
  fc.assert(
    fc.property(fc.float({noNaN: true, noDefaultInfinity: true}), (value) => {
      const once = roundToWire(value);
      expect(Object.is(roundToWire(once), once)).toBe(true);
    }),
    {numRuns: 2000},
  );
  expect(Object.is(roundToWire(-1e-30), -0)).toBe(true);
});
