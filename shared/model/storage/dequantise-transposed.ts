import {dequantiseRows, rowCount, rowLength, type StoredTensor} from './dequantise-rows.ts';

/** Rows decoded before they are spread over the columns: keeps both sides in the cache. */
const TILE_ROWS = 64;

/** Where the rows and columns of a matrix `[in, out]` lie, where they have another order than in the file. */
export type MatrixOrder = {
  readonly rowOf?: (row: number) => number;
  readonly columnOf?: (column: number) => number;
};

/**
 * Writes a stored matrix `[out, in]` as f32 `[in, out]`: what a `MatMul` takes from its right.
 *
 * @param target.rowStride length of one row of `target.values`: more than the
 *   matrix has columns when several matrices lie side by side.
 * @param target.firstColumn where this matrix starts in each row, before `columnOf`.
 */
export function dequantiseTransposed(
  tensor: StoredTensor,
  target: {
    readonly values: Float32Array;
    readonly rowStride: number;
    readonly firstColumn: number;
  } & MatrixOrder,
): void {
  const inSize = rowLength(tensor);
  const outSize = rowCount(tensor);
  const {values, rowStride, firstColumn, rowOf = asItIs, columnOf = asItIs} = target;
  const tile = new Float32Array(TILE_ROWS * inSize);
  for (let startRow = 0; startRow < outSize; startRow += TILE_ROWS) {
    const endRow = Math.min(startRow + TILE_ROWS, outSize);
    dequantiseRows(tensor, {startRow, endRow}, tile);
    const columns = Uint32Array.from({length: endRow - startRow}, (_, r) =>
      columnOf(firstColumn + startRow + r),
    );
    for (let i = 0; i < inSize; i += 1) {
      const to = rowOf(i) * rowStride;
      for (let r = 0; r < columns.length; r += 1) {
        values[to + (columns[r] ?? 0)] = tile[r * inSize + i] ?? 0;
      }
    }
  }
}

function asItIs(at: number): number {
  return at;
}
