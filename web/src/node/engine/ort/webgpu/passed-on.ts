import type {Tensor} from 'onnxruntime-web/wasm';
import {assert} from '#shared/base/assert.ts';

/** Where the values of sessions lie in a tensor, `[rows, tokens, hiddenSize]`. */
export type Layout = {
  /** At which row those of each session are. */
  readonly rows: readonly number[];
  readonly rowCount: number;
};

/** Hidden states in the memory of the GPU, which the next cell takes from there. */
export type PassedOn = Layout & {readonly tensor: Tensor};

export function isSame(one: Layout, other: Layout): boolean {
  return (
    one.rowCount === other.rowCount && one.rows.every((row, session) => row === other.rows[session])
  );
}

/** The values of each session, one after the other. Frees what was passed on. */
export async function readBack(passedOn: PassedOn): Promise<Float32Array<ArrayBuffer>> {
  const values = await passedOn.tensor.getData(true);
  assert(values instanceof Float32Array, 'hidden states are f32');
  return gathered(Float32Array.from(values), passedOn);
}

/** Each session's values at its row, 0 at those of others. */
export function spread(values: Float32Array, {rows, rowCount}: Layout): Float32Array {
  if (rowCount === 1) return values;
  const size = values.length / rows.length;
  const all = new Float32Array(rowCount * size);
  for (const [at, row] of rows.entries()) {
    all.set(values.subarray(at * size, (at + 1) * size), row * size);
  }
  return all;
}

/** The other way. */
export function gathered(
  values: Float32Array<ArrayBuffer>,
  {rows, rowCount}: Layout,
): Float32Array<ArrayBuffer> {
  if (rowCount === 1) return values;
  const size = values.length / rowCount;
  const own = new Float32Array(rows.length * size);
  for (const [at, row] of rows.entries()) {
    own.set(values.subarray(row * size, (row + 1) * size), at * size);
  }
  return own;
}
