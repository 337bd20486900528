import {assert} from '#shared/base/assert.ts';
import {rowCount, rowLength, type StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import {
  packBlocks,
  packedFormat,
  type PackedFormat,
  writeCorrection,
} from '#shared/model/storage/pack-blocks.ts';
import {addDenseProduct} from './add-dense-product.ts';
import type {AddProduct} from '../add-product.ts';
import type {GraphBuilder} from '../graph-builder.ts';

/**
 * A product with weights that stay quantised: `MatMulNBits` expands them as it goes.
 *
 * WebGPU has its kernel for symmetric blocks only; with a zero point of its own
 * the product would run on the CPU. A type with offsets, such as Q4_1, is a symmetric
 * product and a correction: what was cut off, times the sum of the group's inputs.
 * Matrices of one storage type lie side by side; floats are a plain product.
 */
export const addQuantisedProduct: AddProduct = (graph, product) => {
  const {input, output, rank, matrices, order} = product;
  const [first] = matrices;
  assert(first !== undefined, 'a product has a matrix');
  assert(order === undefined, 'blocks of weights stay where they are');
  if (matrices.some(({dtype}) => dtype !== first.dtype)) {
    const parts = matrices.map((matrix, at) =>
      addQuantisedProduct(graph, {input, output: `${output}.${at}`, rank, matrices: [matrix]}),
    );
    return graph.node({op: 'Concat', inputs: parts, outputs: [output], attributes: LAST_AXIS});
  }
  const format = packedFormat(first);
  if (format === null) return addDenseProduct(graph, product);
  if (!format.hasOffsets) return addSymmetric(graph, product, format);
  const symmetric = addSymmetric(graph, {...product, output: `${output}.symmetric`}, format);
  const correction = addCorrection(graph, {...product, output: `${output}.correction`}, format);
  return graph.node({op: 'Add', inputs: [symmetric, correction], outputs: [output]});
};

type Product = Parameters<AddProduct>[1];

function addSymmetric(graph: GraphBuilder, product: Product, format: PackedFormat): string {
  const {input, output, matrices} = product;
  const {bits, groupWeights} = format;
  const {inSize, outSize, groupCount} = sizesOf(matrices, format);
  const groupBytes = (groupWeights * bits) / 8;
  const blocks = graph.bytes(`${output}.blocks`, [outSize, groupCount, groupBytes], (bytes) => {
    eachMatrix(matrices, groupCount, (matrix, firstGroup) => {
      packBlocks(matrix, {bytes: bytes.subarray(firstGroup * groupBytes)});
    });
  });
  const scales = graph.weights(`${output}.scales`, [outSize, groupCount], (values) => {
    eachMatrix(matrices, groupCount, (matrix, firstGroup) => {
      packBlocks(matrix, {scales: values.subarray(firstGroup)});
    });
  });
  return graph.node({
    op: 'MatMulNBits',
    domain: 'microsoft',
    inputs: [input, blocks, scales],
    outputs: [output],
    attributes: {
      K: {int: inSize},
      N: {int: outSize},
      bits: {int: bits},
      block_size: {int: groupWeights},
      // Anything higher lets the engine round the input to fewer bits.
      accuracy_level: {int: 0},
    },
  });
}

/** Sums of the input over each group, times what a symmetric product leaves out. */
function addCorrection(graph: GraphBuilder, product: Product, format: PackedFormat): string {
  const {input, output, rank, matrices} = product;
  const {outSize, groupCount} = sizesOf(matrices, format);
  const offsets = graph.weights(`${output}.offsets`, [groupCount, outSize], (values) => {
    eachMatrix(matrices, 1, (matrix, firstColumn) => {
      writeCorrection(matrix, {values, rowStride: outSize, firstColumn});
    });
  });
  const shape = [...Array.from({length: rank - 1}, () => 0), groupCount, format.groupWeights];
  const split = graph.node({
    op: 'Reshape',
    inputs: [input, graph.integers(`${output}.split.shape`, shape)],
    outputs: [`${output}.split`],
  });
  const sums = graph.node({
    op: 'ReduceSum',
    inputs: [split, graph.integers(`${output}.sums.axis`, [-1])],
    outputs: [`${output}.sums`],
    attributes: {keepdims: {int: 0}},
  });
  return graph.node({op: 'MatMul', inputs: [sums, offsets], outputs: [output]});
}

function sizesOf(
  matrices: readonly StoredTensor[],
  {groupWeights}: PackedFormat,
): {readonly inSize: number; readonly outSize: number; readonly groupCount: number} {
  const [first] = matrices;
  assert(first !== undefined, 'a product has a matrix');
  const inSize = rowLength(first);
  const outSize = matrices.reduce((sum, matrix) => sum + rowCount(matrix), 0);
  return {inSize, outSize, groupCount: inSize / groupWeights};
}

const LAST_AXIS = {axis: {int: -1}};

/** Calls back with each matrix and with `perRow` times the rows in front of it. */
function eachMatrix(
  matrices: readonly StoredTensor[],
  perRow: number,
  act: (matrix: StoredTensor, first: number) => void,
): void {
  let first = 0;
  for (const matrix of matrices) {
    act(matrix, first);
    first += rowCount(matrix) * perRow;
  }
}
