import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {AddProduct} from './add-product.ts';
import type {GraphBuilder} from './graph-builder.ts';
import type {LayerBuilder} from './layer-builder.ts';

/** How a kind of engine wants a cell to be written. */
export type CellDialect = {
  /** Inputs and constants that all layers of a cell share. */
  readonly addShared: (graph: GraphBuilder, spec: ModelSpec) => void;
  /** Attention of one layer over its cache, output product included. @returns what it adds to the stream. */
  readonly addAttention: (layer: LayerBuilder, normed: string) => string;
  readonly addProduct: AddProduct;
  /** Whether what a cell gives stays in the memory of the GPU, until the next cell takes it or it is read back. */
  readonly keepsResult: boolean;
};
