import type {StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {MatrixOrder} from '#shared/model/storage/dequantise-transposed.ts';
import type {GraphBuilder} from './graph-builder.ts';

/** Writes one product with several stored matrices side by side. @returns `output`. */
export type AddProduct = (
  graph: GraphBuilder,
  product: {
    readonly input: string;
    readonly output: string;
    /** Of the input; its last dimension is the one that is summed over. */
    readonly rank: 2 | 3;
    readonly matrices: readonly StoredTensor[];
    /** Of inputs and outputs, of all matrices together; weights that stay quantised have that of the file. */
    readonly order?: MatrixOrder;
  },
) => string;
