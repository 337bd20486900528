import {addGpuAttention, fitsOperator} from './gpu-attention.ts';
import {addQuantisedProduct} from './add-quantised-product.ts';
import type {CellDialect} from '../cell-dialect.ts';
import {CELL_IO} from '../cell-io.ts';
import {addAttentionInputs} from './attention-inputs.ts';
import {addRotaryInputs, addRotaryRows} from './rotary-inputs.ts';

/** For WebGPU: weights stay as small as in the file, and the cache is written in place. */
export const GPU_DIALECT: CellDialect = {
  addShared: (graph, spec) => {
    graph.input(CELL_IO.tokenShape, 'i64', [3]);
    graph.input(CELL_IO.lastPosition, 'i32', ['batch']);
    graph.input(CELL_IO.totalTokens, 'i32', [1]);
    addRotaryInputs(graph, spec);
    if (spec.window !== undefined) {
      graph.input(CELL_IO.windowLastPosition, 'i32', ['batch']);
      graph.input(CELL_IO.windowTotalTokens, 'i32', [1]);
    }
    if (!fitsOperator(spec)) addAttentionInputs(graph, spec);
    else if (spec.window !== undefined) addRotaryRows(graph);
  },
  addAttention: addGpuAttention,
  addProduct: addQuantisedProduct,
  keepsResult: true,
};
