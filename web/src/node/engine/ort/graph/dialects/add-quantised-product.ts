import {assert} from '#shared/base/assert.ts';
import {rowCount, rowLength, type StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import {
  packBlocks,
  packedFormat,
  type PackedFormat,
  writeCorrection,
} from '#shared/model/storage/pack-blocks.ts';
import {CELL_IO} from '../cell-io.ts';
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
  return addCorrected(graph, {...product, symmetric}, format);
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

/**
 * The symmetric product and, in one operator with it, sums of the input over each group, times what that product
 * leaves out. Each operator is a dispatch, and of a small model these take more of a step than what they compute.
 */
function addCorrected(
  graph: GraphBuilder,
  product: Product & {readonly symmetric: string},
  format: PackedFormat,
): string {
  const {input, symmetric, output, rank, matrices} = product;
  const {outSize, groupCount} = sizesOf(matrices, format);
  const offsets = graph.weights(`${output}.offsets`, [groupCount, outSize], (values) => {
    eachMatrix(matrices, 1, (matrix, firstColumn) => {
      writeCorrection(matrix, {values, rowStride: outSize, firstColumn});
    });
  });
  const reshaped = (from: string, part: string, shape: readonly number[]) =>
    graph.node({
      op: 'Reshape',
      inputs: [from, graph.integers(`${output}.${part}.shape`, shape)],
      outputs: [`${output}.${part}`],
    });
  const sums = graph.node({
    op: 'ReduceSum',
    inputs: [
      reshaped(input, 'split', [-1, groupCount, format.groupWeights]),
      graph.integers(`${output}.sums.axis`, [-1]),
    ],
    outputs: [`${output}.sums`],
    attributes: {keepdims: {int: 0}},
  });
  // Both take matrices only: of three dimensions two are one meanwhile.
  const inputs = [
    sums,
    offsets,
    rank === 2 ? symmetric : reshaped(symmetric, 'rows', [-1, outSize]),
  ];
  if (rank === 2) return graph.node({op: 'Gemm', inputs, outputs: [output]});
  const corrected = graph.node({op: 'Gemm', inputs, outputs: [`${output}.corrected`]});
  graph.node({op: 'Reshape', inputs: [corrected, CELL_IO.tokenShape], outputs: [output]});
  return graph.shape(output, 'f32', ['batch', 'tokens', outSize]);
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
