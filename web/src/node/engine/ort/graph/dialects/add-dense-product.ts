import {assert} from '#shared/base/assert.ts';
import {rowCount, rowLength} from '#shared/model/storage/dequantise-rows.ts';
import type {AddProduct} from '../add-product.ts';
import {writeMatrices} from '../../weights/stored-weights.ts';

/** A product with weights that are expanded to f32 when the graph is built. */
export const addDenseProduct: AddProduct = (graph, {input, output, matrices, order}) => {
  const [first] = matrices;
  assert(first !== undefined, 'a product has a matrix');
  const outSize = matrices.reduce((sum, matrix) => sum + rowCount(matrix), 0);
  const shape = [rowLength(first), outSize];
  const weights = graph.weights(`${output}.weights`, shape, writeMatrices(matrices, order));
  return graph.node({op: 'MatMul', inputs: [input, weights], outputs: [output]});
};
