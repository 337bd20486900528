import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {crossBoundary, packHidden, unpackHidden, valuesOf} from './hidden-state.ts';

const finite = fc.float({noNaN: true, noDefaultInfinity: true});

test('[HX1] a hidden state that crossed a boundary survives the wire bit for bit', () => {
  fc.assert(
    fc.property(fc.array(finite, {minLength: 1, maxLength: 40}), (values) => {
      const hidden = Float32Array.from(values);
      expect(crossBoundary(hidden)).toBe(true);
      const received = unpackHidden(packHidden(hidden), {tokenCount: 1, hiddenSize: values.length});
      expect(new Uint32Array(received.buffer)).toEqual(new Uint32Array(hidden.buffer));
    }),
  );
});

test('[HX2] one value beyond f16 sends f32 and leaves the other values on the f16 grid', () => {
  const hidden = Float32Array.of(1 / 3, 100_000);
  crossBoundary(hidden);
  const frame = packHidden(hidden);
  expect(frame.dtype).toBe('f32');
  const alone = Float32Array.of(1 / 3);
  crossBoundary(alone);
  const received = unpackHidden(frame, {tokenCount: 1, hiddenSize: 2});
  expect([...received]).toEqual([alone[0], 100_000]);
});

test('[HX3] cutting a piece in two changes no value, whichever row overflows', () => {
  fc.assert(
    fc.property(fc.array(finite, {minLength: 2, maxLength: 20}), (values) => {
      const whole = Float32Array.from(values);
      crossBoundary(whole);
      const cut = [values.slice(0, 1), values.slice(1)].flatMap((part) => {
        const hidden = Float32Array.from(part);
        crossBoundary(hidden);
        return [...unpackHidden(packHidden(hidden), {tokenCount: 1, hiddenSize: part.length})];
      });
      expect(cut).toEqual([...whole]);
    }),
  );
});

test('[HX4] NaN and Infinity are found at a boundary and refused from the wire', () => {
  for (const bad of [Number.NaN, Infinity, -Infinity]) {
    expect(crossBoundary(Float32Array.of(0, bad))).toBe(false);
    const bytes = new Uint8Array(Float32Array.of(0, bad).buffer);
    expect(() => unpackHidden({dtype: 'f32', bytes}, {tokenCount: 1, hiddenSize: 2})).toThrow(
      expect.objectContaining({detail: {code: 'BAD_STEP'}}),
    );
  }
});

test('[HX5] a wrong length is refused, an odd alignment is not', () => {
  const bytes = new Uint8Array(9).subarray(1);
  expect(unpackHidden({dtype: 'f16', bytes}, {tokenCount: 2, hiddenSize: 2})).toHaveLength(4);
  expect(() => unpackHidden({dtype: 'f32', bytes}, {tokenCount: 2, hiddenSize: 2})).toThrow(
    /8 bytes of hidden state instead of 16/u,
  );
});

test('[HX6] each hidden state is in a buffer of its own, within f16 and beyond', () => {
  const together = Float32Array.of(1, 2, 70_000, 80_000, 90_000, 3);
  const packed = [0, 2, 4].map((at) => packHidden(together.subarray(at, at + 2)));
  expect(packed.map(({dtype}) => dtype)).toEqual(['f16', 'f32', 'f32']);
  expect(new Set(packed.map(({bytes}) => bytes.buffer)).size).toBe(3);
  const buffers = packed.map(({bytes}) => bytes.buffer).filter((b) => b instanceof ArrayBuffer);
  const sent = structuredClone(packed, {transfer: buffers});
  expect(sent.map((state) => [...valuesOf(state)])).toEqual([
    [1, 2],
    [70_000, 80_000],
    [90_000, 3],
  ]);
});
