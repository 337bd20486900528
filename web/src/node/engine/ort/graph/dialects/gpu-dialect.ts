import {addGpuAttention, fitsOperator} from './gpu-attention.ts';
import {addQuantisedProduct} from './add-quantised-product.ts';
import type {CellDialect} from '../cell-dialect.ts';
import {CELL_IO} from '../cell-io.ts';
import {addAttentionInputs} from './attention-inputs.ts';
import {addRotaryInputs} from './rotary-inputs.ts';

/** For WebGPU: weights stay as small as in the file, and the cache is written in place. */
export const GPU_DIALECT: CellDialect = {
  addShared: (graph, spec) => {
    graph.input(CELL_IO.lastPosition, 'i32', ['batch']);
    graph.input(CELL_IO.totalTokens, 'i32', [1]);
    addRotaryInputs(graph, spec);
    if (!fitsOperator(spec)) addAttentionInputs(graph, spec);
  },
  addAttention: addGpuAttention,
  addProduct: addQuantisedProduct,
};
