import {assert} from '#shared/base/assert.ts';
import {decodeF16, encodeF16, fitsF16, roundToWire} from '#shared/model/storage/format/binary16.ts';
import {badStep} from './engine-error.ts';

/** A hidden state as it travels: `[tokenCount, hiddenSize]`, row major, little endian. */
export type HiddenBytes = {
  readonly dtype: 'f16' | 'f32';
  readonly bytes: Uint8Array;
};

/**
 * What a grid boundary does to a hidden state, in place: every value becomes
 * what the wire would transfer of it (`roundToWire`), in a tab as between tabs.
 *
 * @returns whether all values are finite.
 */
export function crossBoundary(hidden: Float32Array): boolean {
  let isFinite = true;
  for (let i = 0; i < hidden.length; i += 1) {
    const value = roundToWire(hidden[i] ?? Number.NaN);
    // NaN and Infinity are the two values whose difference from themselves is not 0.
    if (value - value !== 0) isFinite = false;
    hidden[i] = value;
  }
  return isFinite;
}

/**
 * f16 where every value fits, f32 otherwise; exact for what has crossed a boundary.
 *
 * @returns bytes in a buffer of their own: those of sessions that ran together leave the engine's thread one by one,
 *   and a buffer can be given away once.
 */
export function packHidden(hidden: Float32Array<ArrayBuffer>): HiddenBytes {
  if (!hidden.every(fitsF16)) {
    return {dtype: 'f32', bytes: new Uint8Array(hidden.slice().buffer)};
  }
  const halves = Uint16Array.from(hidden, encodeF16);
  return {dtype: 'f16', bytes: new Uint8Array(halves.buffer)};
}

/** The values as they are, whatever the alignment. */
export function valuesOf({dtype, bytes}: HiddenBytes): Float32Array<ArrayBuffer> {
  // The copy is aligned, whatever the frame was.
  const {buffer} = bytes.slice();
  assert(buffer instanceof ArrayBuffer, 'a slice has a buffer of its own');
  return dtype === 'f16'
    ? Float32Array.from(new Uint16Array(buffer), decodeF16)
    : new Float32Array(buffer);
}

/** Pieces one after the other; f32 when one of them is. */
export function joinHidden(pieces: readonly HiddenBytes[]): HiddenBytes {
  const values = pieces.map(valuesOf);
  const joined = new Float32Array(values.reduce((sum, {length}) => sum + length, 0));
  let at = 0;
  for (const piece of values) {
    joined.set(piece, at);
    at += piece.length;
  }
  return packHidden(joined);
}

/**
 * The values of a received hidden state, rounded as the boundary asks for.
 *
 * @throws {EngineError} `BAD_STEP` when the length is wrong or a value is not finite.
 */
export function unpackHidden(
  {dtype, bytes}: HiddenBytes,
  shape: {readonly tokenCount: number; readonly hiddenSize: number},
): Float32Array<ArrayBuffer> {
  const valueCount = shape.tokenCount * shape.hiddenSize;
  const byteLength = valueCount * (dtype === 'f16' ? 2 : 4);
  if (bytes.byteLength !== byteLength) {
    throw badStep(
      `Cannot run the step: ${bytes.byteLength} bytes of hidden state instead of ${byteLength}`,
    );
  }
  const hidden = valuesOf({dtype, bytes});
  if (!crossBoundary(hidden)) throw badStep('Cannot run the step: a hidden value is not finite');
  return hidden;
}
