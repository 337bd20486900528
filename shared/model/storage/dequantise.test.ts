import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {dequantiseRows} from './dequantise-rows.ts';
import {dequantiseTransposed} from './dequantise-transposed.ts';

/** f16 bits of a few exact numbers. */
const HALF = [0x00, 0x38];
const MINUS_TWO = [0x00, 0xc0];
/** Nibble pairs 0x10, 0x32, …: low halves 0,2,4…, high halves 1,3,5…, each of 16 bytes. */
const PAIRS = Array.from({length: 16}, (_, i) => (((2 * i + 1) % 16) << 4) | ((2 * i) % 16));

function decodeBlock(dtype: 'Q4_0' | 'Q4_1' | 'Q8_0', bytes: readonly number[]): number[] {
  const out = new Float32Array(32);
  dequantiseRows(
    {dtype, shape: [32], bytes: Uint8Array.from(bytes)},
    {startRow: 0, endRow: 1},
    out,
  );
  return [...out];
}

test('[DQ5] Q4_0 is scale · (q − 8), low halves first', () => {
  const values = decodeBlock('Q4_0', [...HALF, ...PAIRS]);
  expect(values.slice(0, 4)).toEqual([-4, -3, -2, -1]);
  expect(values.slice(16, 20)).toEqual([-3.5, -2.5, -1.5, -0.5]);
});

test('[DQ6] Q4_1 is scale · q + minimum', () => {
  const values = decodeBlock('Q4_1', [...HALF, ...MINUS_TWO, ...PAIRS]);
  expect(values.slice(0, 4)).toEqual([-2, -1, 0, 1]);
  expect(values.slice(16, 20)).toEqual([-1.5, -0.5, 0.5, 1.5]);
});

test('[DQ7] Q8_0 is scale · q with a sign', () => {
  const bytes = [...HALF, ...Array.from({length: 32}, (_, i) => (i * 8 - 128) & 255)];
  expect(decodeBlock('Q8_0', bytes)).toEqual(Array.from({length: 32}, (_, i) => (i * 8 - 128) / 2));
});

test('[DQ8] F16 and F32 keep their values, at any alignment', () => {
  const out = new Float32Array(2);
  const f16 = Uint8Array.from([9, ...HALF, ...MINUS_TWO]).subarray(1);
  dequantiseRows({dtype: 'F16', shape: [2], bytes: f16}, {startRow: 0, endRow: 1}, out);
  expect([...out]).toEqual([0.5, -2]);
  const f32 = new Uint8Array(9);
  f32.set(new Uint8Array(Float32Array.of(1.1, -3e-40).buffer), 1);
  dequantiseRows(
    {dtype: 'F32', shape: [1, 2], bytes: f32.subarray(1)},
    {startRow: 0, endRow: 2},
    out,
  );
  expect([...out]).toEqual([...Float32Array.of(1.1, -3e-40)]);
});

test('[DQ9] transposed is rows, turned, at any stride and column', () => {
  fc.assert(
    fc.property(
      fc.integer({min: 1, max: 150}),
      fc.integer({min: 1, max: 3}),
      fc.integer({min: 0, max: 5}),
      (outSize, blocks, firstColumn) => {
        const inSize = 32 * blocks;
        const bytes = Uint8Array.from({length: outSize * blocks * 20}, (_, i) =>
          i % 20 < 4 && i % 2 === 1 ? 0x38 : (i * 37) & 255,
        );
        const tensor = {dtype: 'Q4_1', shape: [inSize, outSize], bytes} as const;
        const rows = new Float32Array(inSize * outSize);
        dequantiseRows(tensor, {startRow: 0, endRow: outSize}, rows);
        const rowStride = outSize + firstColumn + 2;
        const values = new Float32Array(inSize * rowStride).fill(7);
        dequantiseTransposed(tensor, {values, rowStride, firstColumn});
        const expected = Float32Array.from(values, (_, at) => {
          const row = (at % rowStride) - firstColumn;
          const inside = row >= 0 && row < outSize;
          return inside ? (rows[row * inSize + Math.floor(at / rowStride)] ?? Number.NaN) : 7;
        });
        expect(values).toEqual(expected);
      },
    ),
    {numRuns: 15},
  );
});

test('[DQ10] rows outside the tensor are our bug', () => {
  const tensor = {dtype: 'Q8_0', shape: [32, 2], bytes: new Uint8Array(68)} as const;
  expect(() => dequantiseRows(tensor, {startRow: 1, endRow: 3}, new Float32Array(64))).toThrow(
    /inside the tensor/u,
  );
});
