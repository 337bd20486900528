import {assert} from '../../base/assert.ts';
import type {GgufTensor} from '../../model/gguf/gguf-file.ts';
import {tensorByteLength} from '../../model/manifest/tensor-layout.ts';
import {isTensorDtype} from '../../model/storage/block-sizes.ts';
import {
  dequantiseRows,
  rowCount,
  rowLength,
  type StoredTensor,
} from '../../model/storage/dequantise-rows.ts';
import type {Matrix} from './vectors.ts';

/** The matrices of a model, by the names of their tensors. */
export type Matrices = ReadonlyMap<string, Matrix>;

/** A tensor of a file that is here as a whole. */
export function storedIn(file: Uint8Array, tensor: GgufTensor): StoredTensor {
  const [startByte, endByte] = placeOf(tensor);
  return storedAs(tensor, file.subarray(startByte, endByte));
}

/** Where a tensor lies in its file. */
export function placeOf(tensor: GgufTensor): readonly [startByte: number, endByte: number] {
  const {name, dtype, shape, offsetBytes} = tensor;
  assert(isTensorDtype(dtype), `${dtype} is a storage type`);
  const byteLength = tensorByteLength(dtype, shape);
  assert(byteLength !== null, `rows of ${name} are whole blocks`);
  return [offsetBytes, offsetBytes + byteLength];
}

/** A tensor of which these are the bytes. */
export function storedAs({dtype, shape}: GgufTensor, bytes: Uint8Array): StoredTensor {
  assert(isTensorDtype(dtype), `${dtype} is a storage type`);
  return {dtype, shape, bytes};
}

/** All rows of a tensor, or some. */
export function decode(
  stored: StoredTensor,
  range: {readonly startRow: number; readonly endRow: number} = {
    startRow: 0,
    endRow: rowCount(stored),
  },
): Matrix {
  const rows = range.endRow - range.startRow;
  const columns = rowLength(stored);
  const values = new Float32Array(rows * columns);
  dequantiseRows(stored, range, values);
  return {values, rows, columns};
}
