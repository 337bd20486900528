import {assert} from '#shared/base/assert.ts';
import {rowCount, type StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import {
  dequantiseTransposed,
  type MatrixOrder,
} from '#shared/model/storage/dequantise-transposed.ts';

/** A tensor that the loader must have fetched. */
export function requireTensor(
  tensors: ReadonlyMap<string, StoredTensor>,
  name: string,
): StoredTensor {
  const tensor = tensors.get(name);
  assert(tensor !== undefined, `tensor "${name}" was loaded`);
  return tensor;
}

/**
 * Writes stored matrices `[out, in]` as f32 `[in, Σ out]`, side by side. A vector,
 * one row in the file, becomes a column: the same numbers in the same order.
 */
export function writeMatrices(
  matrices: readonly StoredTensor[],
  order: MatrixOrder = {},
): (values: Float32Array) => void {
  const rowStride = matrices.reduce((sum, matrix) => sum + rowCount(matrix), 0);
  return (values) => {
    let firstColumn = 0;
    for (const matrix of matrices) {
      dequantiseTransposed(matrix, {values, rowStride, firstColumn, ...order});
      firstColumn += rowCount(matrix);
    }
  };
}
