import {assert} from '#shared/base/assert.ts';
import type {TensorDtype} from '#shared/model/storage/block-sizes.ts';
import {decodeF16, encodeF16} from '#shared/model/storage/format/binary16.ts';
import {tensorByteLength} from '#shared/model/manifest/tensor-layout.ts';

type TinyTensor = {
  readonly dtype: TensorDtype;
  /** The contiguous dimension first. */
  readonly shape: readonly number[];
  readonly seed: number;
};

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
  const write = dtype === 'F32' && shape.length === 1 ? writeGains : WRITERS[dtype];
  write(view, deviation, random);
  return new Uint8Array(view.buffer);
}

type Writer = (view: DataView, deviation: number, random: () => number) => void;

/** Bytes are uniform in −127…127: their standard deviation. */
const Q8_DEVIATION = 73.3;

const writeGains: Writer = (view, _, random) => {
  for (let at = 0; at < view.byteLength; at += 4) view.setFloat32(at, 0.5 + random(), true);
};

const WRITERS: Readonly<Record<TensorDtype, Writer>> = {
  F32: (view, deviation, random) => {
    for (let at = 0; at < view.byteLength; at += 4) {
      view.setFloat32(at, plusOrMinus(deviation, random), true);
    }
  },
  F16: (view, deviation, random) => {
    for (let at = 0; at < view.byteLength; at += 2) {
      view.setUint16(at, float16Bits(plusOrMinus(deviation, random)), true);
    }
  },
  BF16: (view, deviation, random) => {
    const single = new DataView(new ArrayBuffer(4));
    for (let at = 0; at < view.byteLength; at += 2) {
      single.setFloat32(0, plusOrMinus(deviation, random));
      view.setUint16(at, single.getUint16(0), true);
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
  Q4_0: randomBlocks({blockBytes: 18, scaleAt: 0, deviation: 4.61}),
  Q4_1: randomBlocks({blockBytes: 20, scaleAt: 0, minimum: {at: 2, scales: -7.5}, deviation: 4.61}),
  Q5_0: randomBlocks({blockBytes: 22, scaleAt: 0, deviation: 9.24}),
  Q5_1: randomBlocks({
    blockBytes: 24,
    scaleAt: 0,
    minimum: {at: 2, scales: -15.5},
    deviation: 9.23,
  }),
  Q2_K: randomBlocks({blockBytes: 84, scaleAt: 80, minimum: {at: 82, scales: 1.5}, deviation: 14}),
  Q3_K: randomBlocks({blockBytes: 110, scaleAt: 108, deviation: 43.3}),
  Q4_K: randomBlocks({blockBytes: 144, scaleAt: 0, minimum: {at: 2, scales: 7.5}, deviation: 252}),
  Q5_K: randomBlocks({blockBytes: 176, scaleAt: 0, minimum: {at: 2, scales: 15.5}, deviation: 517}),
  Q6_K: randomBlocks({blockBytes: 210, scaleAt: 208, deviation: 1366}),
  IQ4_NL: randomBlocks({blockBytes: 18, scaleAt: 0, deviation: 68}),
  IQ4_XS: randomBlocks({blockBytes: 136, scaleAt: 0, deviation: 1257}),
};

/**
 * Random bytes but for a block's f16 scale, and for its minimum, which is so many scales
 * that the mean is zero. `deviation` is that of the weights when the scale is 1.
 */
function randomBlocks(block: {
  readonly blockBytes: number;
  readonly scaleAt: number;
  readonly minimum?: {readonly at: number; readonly scales: number};
  readonly deviation: number;
}): Writer {
  const {blockBytes, scaleAt, minimum} = block;
  return (view, deviation, random) => {
    for (let at = 0; at < view.byteLength; at += blockBytes) {
      const scale = jitter(deviation / block.deviation, random);
      const numbers = new Map([[scaleAt, scale]]);
      if (minimum) numbers.set(minimum.at, minimum.scales * scale);
      for (let index = 0; index < blockBytes;) {
        const number = numbers.get(index);
        if (number === undefined) view.setUint8(at + index, Math.floor(random() * 256));
        else view.setUint16(at + index, float16Bits(number), true);
        index += number === undefined ? 1 : 2;
      }
    }
  };
}

function plusOrMinus(deviation: number, random: () => number): number {
  const sign = random() < 0.5 ? -1 : 1;
  return jitter(sign * deviation, random);
}

function jitter(value: number, random: () => number): number {
  return value * (0.75 + random() / 2);
}

/** Rounded towards zero. */
function float16Bits(value: number): number {
  const single = Math.fround(value);
  const bits = encodeF16(single);
  return Math.abs(decodeF16(bits)) > Math.abs(single) ? bits - 1 : bits;
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
