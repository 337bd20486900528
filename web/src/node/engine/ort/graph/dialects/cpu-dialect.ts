import {addDenseProduct} from './add-dense-product.ts';
import type {CellDialect} from '../cell-dialect.ts';
import {CELL_IO} from '../cell-io.ts';
import {addAttentionInputs} from './attention-inputs.ts';
import {addCpuAttention} from './cpu-attention.ts';
import {addRotaryInputs} from './rotary-inputs.ts';

/**
 * For WASM. Weights are expanded once: that beats kernels that expand four bits
 * at every step by a factor of eight. The bits of a token depend on nothing but what is before it.
 */
export const CPU_DIALECT: CellDialect = {
  addShared: (graph, spec) => {
    addAttentionInputs(graph, spec);
    const placesShape = ['batch', 'tokens', spec.kvHeadCount, 3];
    graph.input(CELL_IO.places, 'i64', placesShape);
    if (spec.window !== undefined) graph.input(CELL_IO.windowPlaces, 'i64', placesShape);
    addRotaryInputs(graph, spec);
  },
  addAttention: addCpuAttention,
  addProduct: addDenseProduct,
  keepsResult: false,
};
