import {dequantiseRows, rowCount, rowLength, type StoredTensor} from './dequantise-rows.ts';

/** Rows decoded before they are spread over the columns: keeps both sides in the cache. */
const TILE_ROWS = 64;

/**
 * Writes a stored matrix `[out, in]` as f32 `[in, out]`: what a `MatMul` takes from its right.
 *
 * @param target.rowStride length of one row of `target.values`: more than the
 *   matrix has columns when several matrices lie side by side.
 * @param target.firstColumn where this matrix starts in each row.
 */
export function dequantiseTransposed(
  tensor: StoredTensor,
  target: {
    readonly values: Float32Array;
    readonly rowStride: number;
    readonly firstColumn: number;
  },
): void {
  const inSize = rowLength(tensor);
  const outSize = rowCount(tensor);
  const {values, rowStride, firstColumn} = target;
  const tile = new Float32Array(TILE_ROWS * inSize);
  for (let startRow = 0; startRow < outSize; startRow += TILE_ROWS) {
    const endRow = Math.min(startRow + TILE_ROWS, outSize);
    dequantiseRows(tensor, {startRow, endRow}, tile);
    for (let i = 0; i < inSize; i += 1) {
      const to = i * rowStride + firstColumn + startRow;
      for (let r = 0; r < endRow - startRow; r += 1) values[to + r] = tile[r * inSize + i] ?? 0;
    }
  }
}
