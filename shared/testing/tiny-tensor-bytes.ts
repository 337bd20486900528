import {assert} from '#shared/base/assert.ts';
import type {TensorDtype} from '#shared/model/manifest/manifest.ts';
import {tensorByteLength} from '#shared/model/manifest/tensor-layout.ts';

type TinyTensor = {
  readonly dtype: TensorDtype;
  /** The contiguous dimension first. */
  readonly shape: readonly number[];
  readonly seed: number;
};

// Uniform in 0…15 and in -127…127: standard deviations in steps of the scale.
const Q4_DEVIATION = 4.61;
const Q8_DEVIATION = 73.3;

/**
 * Random weights in ggml's block formats, scaled so that a matrix keeps the size of
 * its input (deviation 1 / √inputs); norms lie between 0.5 and 1.5.
 */
export function tinyTensorBytes({dtype, shape, seed}: TinyTensor): Uint8Array {
  const byteLength = tensorByteLength(dtype, shape);
  assert(byteLength !== null, 'tiny shapes are whole blocks');
  const view = new DataView(new ArrayBuffer(byteLength));
  const random = createRandom(seed);
  const deviation = 1 / Math.sqrt(shape[0] ?? 1);
  WRITERS[dtype](view, deviation, random);
  return new Uint8Array(view.buffer);
}

type Writer = (view: DataView, deviation: number, random: () => number) => void;

const WRITERS: Readonly<Record<TensorDtype, Writer>> = {
  F32: (view, _, random) => {
    for (let at = 0; at < view.byteLength; at += 4) view.setFloat32(at, 0.5 + random(), true);
  },
  F16: (view, deviation, random) => {
    for (let at = 0; at < view.byteLength; at += 2) {
      const sign = random() < 0.5 ? -1 : 1;
      view.setUint16(at, float16Bits(jitter(sign * deviation, random)), true);
    }
  },
  Q4_0: (view, deviation, random) => {
    for (let at = 0; at < view.byteLength; at += 18) {
      view.setUint16(at, float16Bits(jitter(deviation / Q4_DEVIATION, random)), true);
      fillBytes(view, at + 2, 16, random);
    }
  },
  Q4_1: (view, deviation, random) => {
    for (let at = 0; at < view.byteLength; at += 20) {
      const scale = jitter(deviation / Q4_DEVIATION, random);
      view.setUint16(at, float16Bits(scale), true);
      view.setUint16(at + 2, float16Bits(-7.5 * scale), true);
      fillBytes(view, at + 4, 16, random);
    }
  },
  Q8_0: (view, deviation, random) => {
    for (let at = 0; at < view.byteLength; at += 34) {
      view.setUint16(at, float16Bits(jitter(deviation / Q8_DEVIATION, random)), true);
      for (let index = 0; index < 32; index += 1) {
        view.setInt8(at + 2 + index, Math.floor(random() * 255) - 127);
      }
    }
  },
};

function fillBytes(view: DataView, at: number, count: number, random: () => number): void {
  for (let index = 0; index < count; index += 1) {
    view.setUint8(at + index, Math.floor(random() * 256));
  }
}

function jitter(value: number, random: () => number): number {
  return value * (0.75 + random() / 2);
}

/** Of a number in f16's normal range, rounded towards zero. */
function float16Bits(value: number): number {
  const single = new DataView(new ArrayBuffer(4));
  single.setFloat32(0, value);
  const bits = single.getUint32(0);
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  assert(exponent > 0 && exponent < 31, `${value} is a normal f16`);
  return ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

/** Uniform in [0, 1). mulberry32: https://github.com/cprosche/mulberry32 */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
