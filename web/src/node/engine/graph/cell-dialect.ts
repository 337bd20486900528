import type {StoredTensor} from '#shared/model/dequantise/dequantise-rows.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {GraphBuilder} from './graph-builder.ts';
import type {LayerBuilder} from './layer-builder.ts';

/** Writes one product with several stored matrices side by side. @returns `output`. */
export type AddProduct = (
  graph: GraphBuilder,
  product: {
    readonly input: string;
    readonly output: string;
    /** Of the input; its last dimension is the one that is summed over. */
    readonly rank: 2 | 3;
    readonly matrices: readonly StoredTensor[];
  },
) => string;

/** How a kind of engine wants a cell to be written. */
export type CellDialect = {
  /** Inputs and constants that all layers of a cell share. */
  readonly addShared: (graph: GraphBuilder, spec: ModelSpec) => void;
  /** Attention of one layer over its cache, output product included. @returns what it adds to the stream. */
  readonly addAttention: (layer: LayerBuilder, normed: string) => string;
  readonly addProduct: AddProduct;
};
