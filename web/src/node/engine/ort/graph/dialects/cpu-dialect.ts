import {addAttention} from './add-attention.ts';
import {addDenseProduct} from './add-dense-product.ts';
import type {CellDialect} from '../cell-dialect.ts';
import {CELL_CONSTANTS, CELL_IO} from '../cell-io.ts';
import {addRotaryInputs} from './rotary-inputs.ts';

/**
 * For WASM. Weights are expanded once: that beats kernels that expand four bits
 * at every step by a factor of eight. The bits of a token depend on nothing but what is before it.
 */
export const CPU_DIALECT: CellDialect = {
  addShared: (graph, spec) => {
    graph.input(CELL_IO.rotaryRows, 'i64', ['batch', 'tokens']);
    const maskShape = ['batch', 1, 'rows', 'room'];
    graph.input(CELL_IO.mask, 'f32', maskShape);
    if (spec.window !== undefined) graph.input(CELL_IO.windowMask, 'f32', maskShape);
    graph.input(CELL_IO.ones, 'f32', ['room', 1]);
    graph.input(CELL_IO.places, 'i64', ['batch', spec.kvHeadCount, 'tokens', 3]);
    graph.integers(CELL_CONSTANTS.lastAxis, [-1]);
    addRotaryInputs(graph, spec);
  },
  addAttention,
  addProduct: addDenseProduct,
};
