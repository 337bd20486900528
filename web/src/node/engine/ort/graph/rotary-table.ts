import {assert} from '#shared/base/assert.ts';
import {turnedSize, type ModelSpec} from '#shared/model/model-spec.ts';
import {portableExp, portableLog, portableSinCos} from '#shared/base/portable-math.ts';

/**
 * Cosines and sines of rotary position embedding, `[positions, turnedSize / 2]` each:
 * one table for all cells of a shard, with a row for each position that its cache can hold.
 */
export type RotaryTable = {
  readonly positions: number;
  /** `turnedSize / 2`: the length of a row. */
  readonly rowLength: number;
  readonly cos: Float32Array;
  readonly sin: Float32Array;
};

/** Of a shard: that of the model, and that of the layers with a window where these have a base of their own. */
export type RotaryTables = {readonly model: RotaryTable; readonly window: RotaryTable | null};

type RotarySpec = Pick<
  ModelSpec,
  'ropeBase' | 'ropeSize' | 'ropeFactor' | 'ropeRamp' | 'ropeScale' | 'headSize' | 'window'
>;

/** @param divisors of each pair's angle, where the model has them. */
export function createRotaryTables(
  spec: RotarySpec,
  positions: number,
  divisors: ArrayLike<number> | null,
): RotaryTables {
  const ownBase = spec.window?.ropeBase;
  return {
    model: createRotaryTable(spec, positions, divisors),
    window:
      ownBase === undefined
        ? null
        : createRotaryTable({headSize: turnedSize(spec), ropeBase: ownBase}, positions, null),
  };
}

/**
 * Made of portable functions: the last bit of a table must not depend on the browser,
 * or two browsers would not be of one engine class. Takes 10 µs a position.
 */
export function createRotaryTable(
  spec: Omit<RotarySpec, 'window'>,
  positions: number,
  divisors: ArrayLike<number> | null,
): RotaryTable {
  const rowLength = turnedSize(spec) / 2;
  const {ropeScale = 1} = spec;
  const logBase = portableLog(spec.ropeBase);
  const frequencies = Array.from(
    {length: rowLength},
    (_, pair) => portableExp((-pair / rowLength) * logBase) / (divisors?.[pair] ?? 1),
  );
  // A plain factor divides positions, so that they turn as whole ones do.
  const factor = spec.ropeRamp === undefined ? (spec.ropeFactor ?? 1) : 1;
  const cos = new Float32Array(positions * rowLength);
  const sin = new Float32Array(cos.length);
  for (let at = 0; at < cos.length; at += 1) {
    const pair = at % rowLength;
    const frequency = (frequencies[pair] ?? 0) * rampOf(spec, pair);
    const turned = portableSinCos((Math.floor(at / rowLength) / factor) * frequency);
    cos[at] = turned.cos * ropeScale;
    sin[at] = turned.sin * ropeScale;
  }
  return {positions, rowLength, cos, sin};
}

/** YaRN: what a pair's angle is multiplied by, between 1 and 1 / factor. */
function rampOf({ropeRamp, ropeFactor = 1}: Omit<RotarySpec, 'window'>, pair: number): number {
  if (ropeRamp === undefined) return 1;
  const {startPair, endPair} = ropeRamp;
  // As llama.cpp, for a ramp that is a step.
  const along = (pair - startPair) / Math.max(0.001, endPair - startPair);
  const stretched = Math.min(1, Math.max(0, along));
  return 1 - stretched + stretched / ropeFactor;
}

/** The rows of a piece, which lies inside the cache. No copy. */
export function rotaryRows(
  {positions, rowLength, cos, sin}: RotaryTable,
  {position, tokenCount}: {readonly position: number; readonly tokenCount: number},
): Pick<RotaryTable, 'cos' | 'sin'> {
  assert(position + tokenCount <= positions, 'a cache was admitted for every position');
  const [from, to] = [position * rowLength, (position + tokenCount) * rowLength];
  return {cos: cos.subarray(from, to), sin: sin.subarray(from, to)};
}
