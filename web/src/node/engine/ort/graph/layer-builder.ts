import {
  dequantiseRows,
  rowCount,
  rowLength,
  type StoredTensor,
} from '#shared/model/storage/dequantise-rows.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {MatrixOrder} from '#shared/model/storage/dequantise-transposed.ts';
import type {AddProduct} from './add-product.ts';
import type {GraphBuilder, GraphNode} from './graph-builder.ts';
import {requireTensor, writeMatrices} from '../weights/stored-weights.ts';

/** What one layer hands to the next. */
export type ResidualStream = {
  /** The residual stream without the newest part. */
  readonly residual: string;
  /** What is still to be added to it, or `null` when nothing is. */
  readonly delta: string | null;
};

/** Writes the operators of one layer; names are `<layer>.<part>`. */
export class LayerBuilder {
  readonly graph: GraphBuilder;
  readonly spec: ModelSpec;
  readonly layer: number;
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #addProduct: AddProduct;

  constructor(options: {
    readonly graph: GraphBuilder;
    readonly spec: ModelSpec;
    readonly layer: number;
    readonly tensors: ReadonlyMap<string, StoredTensor>;
    readonly addProduct: AddProduct;
  }) {
    this.graph = options.graph;
    this.spec = options.spec;
    this.layer = options.layer;
    this.#tensors = options.tensors;
    this.#addProduct = options.addProduct;
  }

  name(part: string): string {
    return `${this.layer}.${part}`;
  }

  /** A node with one output, `<layer>.<part>`. @returns that name. */
  node(part: string, node: Omit<GraphNode, 'outputs'>): string {
    return this.graph.node({...node, outputs: [this.name(part)]});
  }

  /** Adds what is pending to the residual stream, and normalises the sum. */
  norm(
    part: string,
    {residual, delta}: ResidualStream,
  ): {readonly residual: string; readonly normed: string} {
    if (delta === null) return {residual, normed: this.normOf(part, residual)};
    const sum = this.name(`${part}.sum`);
    const normed = this.graph.node({
      op: 'SkipSimplifiedLayerNormalization',
      domain: 'microsoft',
      inputs: [delta, residual, this.#gains(part)],
      outputs: [this.name(part), '', '', sum],
      attributes: {epsilon: {float: this.spec.normEpsilon}},
    });
    return {residual: sum, normed};
  }

  /** Adds what is pending to the residual stream. */
  sum(part: string, {residual, delta}: ResidualStream): string {
    return delta === null ? residual : this.node(part, {op: 'Add', inputs: [residual, delta]});
  }

  /** Normalises each row, over its last dimension. */
  normOf(part: string, input: string, order?: MatrixOrder): string {
    return this.node(part, {
      op: 'SimplifiedLayerNormalization',
      inputs: [input, this.#gains(part, order)],
      attributes: {
        axis: {int: -1},
        epsilon: {float: this.spec.normEpsilon},
        stash_type: {int: 1},
      },
    });
  }

  /** One product with several stored matrices side by side, and with their biases, in the order of the file by default. */
  product(input: string, output: string, parts: readonly string[], order?: MatrixOrder): string {
    const matrices = parts.map((part) => this.#tensor(part));
    const biased = parts.filter((part) => this.spec.biases?.includes(part));
    const product = biased.length === 0 ? output : `${output}.product`;
    const name = this.#addProduct(this.graph, {
      input,
      output: this.name(product),
      rank: 3,
      matrices,
      ...(order && {order}),
    });
    if (biased.length === 0) return name;
    const size = matrices.reduce((sum, matrix) => sum + rowCount(matrix), 0);
    const bias = this.graph.weights(this.name(`${output}.bias`), [size], (values) => {
      const asStored = new Float32Array(size);
      let at = 0;
      for (const [index, part] of parts.entries()) {
        const matrix = matrices[index];
        const rows = matrix === undefined ? 0 : rowCount(matrix);
        if (biased.includes(part)) {
          const row = {startRow: 0, endRow: 1};
          dequantiseRows(this.#tensor(part, 'bias'), row, asStored.subarray(at, at + rows));
        }
        at += rows;
      }
      for (const [column, value] of asStored.entries()) {
        values[order?.columnOf?.(column) ?? column] = value;
      }
    });
    return this.node(output, {op: 'Add', inputs: [name, bias]});
  }

  /** Times a number; unchanged where there is none. */
  scaled(part: string, input: string, scale: number | undefined): string {
    if (scale === undefined) return input;
    const by = this.graph.numbers(this.name(`${part}.scale`), [scale]);
    return this.node(part, {op: 'Mul', inputs: [input, by]});
  }

  /** The matrices of query, key and value. */
  get queryKeyValueParts(): readonly string[] {
    return this.spec.isFused ? ['attn_qkv'] : ['attn_q', 'attn_k', 'attn_v'];
  }

  /** What attention looks for, looks at and takes: `[batch, tokens, heads · headSize]` each. */
  queryKeyValue(normed: string): {
    readonly query: string;
    readonly key: string;
    readonly value: string;
  } {
    const {headCount, kvHeadCount, headSize, queryKeyNorm} = this.spec;
    const [query, key, value] = [this.name('q'), this.name('k'), this.name('v')];
    const sizes = [headCount * headSize, kvHeadCount * headSize, kvHeadCount * headSize];
    this.graph.node({
      op: 'Split',
      inputs: [
        this.product(normed, 'qkv', this.queryKeyValueParts),
        this.graph.integers(this.name('qkv.sizes'), sizes),
      ],
      outputs: [query, key, value],
      attributes: {axis: {int: -1}},
    });
    if (queryKeyNorm === undefined) return {query, key, value};
    return {
      query: this.#headNorm('attn_q_norm', query, headCount),
      key: this.#headNorm('attn_k_norm', key, kvHeadCount),
      value,
    };
  }

  #headNorm(part: string, input: string, heads: number): string {
    const {headSize, queryKeyNorm} = this.spec;
    if (queryKeyNorm === 'all') return this.normOf(part, input);
    const split = this.reshape(`${part}.split`, input, [0, 0, heads, headSize]);
    return this.reshape(`${part}.joined`, this.normOf(part, split), [0, 0, heads * headSize]);
  }

  /** 0 keeps a dimension, −1 takes what is left. */
  reshape(part: string, input: string, shape: readonly number[]): string {
    const shapeName = this.graph.integers(this.name(`${part}.shape`), shape);
    return this.node(part, {op: 'Reshape', inputs: [input, shapeName]});
  }

  #gains(part: string, order?: MatrixOrder): string {
    const gain = this.#tensor(part);
    const write = writeMatrices([gain], order);
    return this.graph.weights(this.name(`${part}.gain`), [rowLength(gain)], write);
  }

  #tensor(part: string, kind: 'weight' | 'bias' = 'weight'): StoredTensor {
    return requireTensor(this.#tensors, `blk.${this.layer}.${part}.${kind}`);
  }
}
