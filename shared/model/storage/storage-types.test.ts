import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {tinyTensorBytes} from '#shared/testing/tiny-tensor-bytes.ts';
import {BLOCK_SIZES, TENSOR_DTYPES, type TensorDtype} from './block-sizes.ts';
import {dequantiseRows, partsOfBlock} from './dequantise-rows.ts';
import {dequantiseTransposed} from './dequantise-transposed.ts';
import {engineBytes} from './engine-bytes.ts';
import {packBlocks, writeCorrection} from './pack-blocks.ts';
import {STORAGE_TYPES} from './storage-types.ts';
import ggml from './testing/ggml-vectors.json' with {type: 'json'};

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

function decode(dtype: TensorDtype, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const [blockWeights, blockBytes] = BLOCK_SIZES[dtype];
  const length = (bytes.byteLength / blockBytes) * blockWeights;
  const values = new Float32Array(length);
  dequantiseRows({dtype, shape: [length], bytes}, {startRow: 0, endRow: 1}, values);
  return values;
}

const BLOCK_DTYPES = TENSOR_DTYPES.filter((dtype) => STORAGE_TYPES[dtype].kind === 'blocks');

test('[DQ11] there are values of ggml for every type but F32', () => {
  expect(['F32', ...ggml.vectors.map(({dtype}) => dtype)].toSorted()).toEqual(
    TENSOR_DTYPES.toSorted(),
  );
});

for (const dtype of TENSOR_DTYPES) {
  const vector = ggml.vectors.find((each) => each.dtype === dtype);
  if (!vector) continue;
  test(`[DQ11] ${dtype} is decoded as ggml does it, to the last bit`, () => {
    const expected = bytesOf(vector.values);
    expect(expected.byteLength).toBeGreaterThanOrEqual(4 * 32);
    const actual = new Uint8Array(decode(dtype, bytesOf(vector.blocks)).buffer);
    expect(actual).toEqual(expected);
  });
}

for (const dtype of BLOCK_DTYPES) {
  const format = STORAGE_TYPES[dtype];
  const [blockWeights, blockBytes] = BLOCK_SIZES[dtype];
  if (format.kind !== 'blocks') continue;
  const {bits, centre, groupWeights} = format;

  test(`[DQ12] whatever the bytes of a block of ${dtype}, its integers fit its packed bits`, () => {
    const half = 2 ** (bits - 1);
    fc.assert(
      fc.property(fc.uint8Array({minLength: blockBytes, maxLength: blockBytes}), (bytes) => {
        const parts = partsOfBlock(format, blockWeights);
        format.read({bytes, at: 0}, parts);
        const packed = [...parts.integers].map((integer) => integer - centre);
        expect(packed.filter((integer) => integer < -half || integer >= half)).toEqual([]);
        // NaN and Infinity come from such a scale alone.
        const isFinite = [...parts.scales, ...parts.offsets].every(Number.isFinite);
        expect(decode(dtype, bytes).every(Number.isFinite)).toBe(isFinite);
      }),
      {numRuns: 50},
    );
  });

  test(`[DQ13] ${dtype}, packed and with its correction, is the same matrix`, () => {
    const [rows, columns] = [5, 2 * blockWeights];
    const shape = [columns, rows];
    const tensor = {dtype, shape, bytes: tinyTensorBytes({dtype, shape, seed: 9})};
    const groups = columns / groupWeights;
    const bytes = new Uint8Array((rows * columns * bits) / 8);
    const scales = new Float32Array(rows * groups);
    const corrections = new Float32Array(rows * groups);
    packBlocks(tensor, {bytes});
    packBlocks(tensor, {scales});
    writeCorrection(tensor, {values: corrections, rowStride: rows, firstColumn: 0});
    const expected = new Float32Array(rows * columns);
    dequantiseTransposed(tensor, {values: expected, rowStride: rows, firstColumn: 0});
    const integerAt = (at: number): number =>
      bits === 8
        ? (bytes[at] ?? 0) - 128
        : (((bytes[Math.floor(at / 2)] ?? 0) >> (4 * (at % 2))) & 15) - 8;
    const worst = expected.reduce((most, value, at) => {
      const [column, row] = [Math.floor(at / rows), at % rows];
      const group = Math.floor(column / groupWeights);
      const scale = scales[row * groups + group] ?? 0;
      const correction = format.hasOffsets ? (corrections[group * rows + row] ?? 0) : 0;
      const packed = scale * integerAt(row * columns + column) + correction;
      return Math.max(most, Math.abs(packed - value) / Math.max(1e-30, Math.abs(correction)));
    }, 0);
    // Without a correction to the last bit; with one but for its rounding to f32.
    expect(worst).toBeLessThan(format.hasOffsets ? 2 ** -22 : 2 ** -24);
    expect(engineBytes(dtype, rows * columns)).toEqual({
      wasm: expected.byteLength,
      webgpu:
        bytes.byteLength + scales.byteLength + (format.hasOffsets ? corrections.byteLength : 0),
    });
  });
}

test('[DQ14] floats take four bytes a weight in every engine', () => {
  for (const dtype of ['F32', 'F16', 'BF16'] as const) {
    expect(engineBytes(dtype, 10)).toEqual({wasm: 40, webgpu: 40});
  }
});

test('[DQ15] rows that do not hold whole blocks are refused', () => {
  for (const dtype of BLOCK_DTYPES) {
    const [blockWeights, blockBytes] = BLOCK_SIZES[dtype];
    const tensor = {dtype, shape: [blockWeights + 16, 2], bytes: new Uint8Array(4 * blockBytes)};
    expect(() => dequantiseRows(tensor, {startRow: 0, endRow: 1}, new Float32Array(1024))).toThrow(
      `rows of ${dtype} hold whole blocks`,
    );
  }
});
