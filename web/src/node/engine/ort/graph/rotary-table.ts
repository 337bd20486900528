import {assert} from '#shared/base/assert.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {portableExp, portableLog, portableSinCos} from '#shared/base/portable-math.ts';

/**
 * Cosines and sines of rotary position embedding, `[positions, headSize / 2]` each:
 * one table for all cells of a shard, with a row for each position that its cache can hold.
 */
export type RotaryTable = {
  readonly positions: number;
  /** `headSize / 2`: the length of a row. */
  readonly rowLength: number;
  readonly cos: Float32Array;
  readonly sin: Float32Array;
};

type RotarySpec = Pick<ModelSpec, 'ropeBase' | 'ropeFactor' | 'headSize'>;

/**
 * Made of portable functions: the last bit of a table must not depend on the browser,
 * or two browsers would not be of one engine class. Takes 10 µs a position.
 */
export function createRotaryTable(spec: RotarySpec, positions: number): RotaryTable {
  const rowLength = spec.headSize / 2;
  const factor = spec.ropeFactor ?? 1;
  const logBase = portableLog(spec.ropeBase);
  const frequencies = Array.from({length: rowLength}, (_, i) =>
    portableExp((-i / rowLength) * logBase),
  );
  const cos = new Float32Array(positions * rowLength);
  const sin = new Float32Array(cos.length);
  for (let at = 0; at < cos.length; at += 1) {
    const angle = (Math.floor(at / rowLength) / factor) * (frequencies[at % rowLength] ?? 0);
    const turned = portableSinCos(angle);
    cos[at] = turned.cos;
    sin[at] = turned.sin;
  }
  return {positions, rowLength, cos, sin};
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
