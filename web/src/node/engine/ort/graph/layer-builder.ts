import {rowLength, type StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
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
    const gain = this.#tensor(part);
    const gains = this.graph.weights(
      this.name(`${part}.gain`),
      [rowLength(gain)],
      writeMatrices([gain]),
    );
    const epsilon = {float: this.spec.normEpsilon};
    if (delta === null) {
      const normed = this.node(part, {
        op: 'SimplifiedLayerNormalization',
        inputs: [residual, gains],
        attributes: {axis: {int: -1}, epsilon, stash_type: {int: 1}},
      });
      return {residual, normed};
    }
    const sum = this.name(`${part}.sum`);
    const normed = this.graph.node({
      op: 'SkipSimplifiedLayerNormalization',
      domain: 'microsoft',
      inputs: [delta, residual, gains],
      outputs: [this.name(part), '', '', sum],
      attributes: {epsilon},
    });
    return {residual: sum, normed};
  }

  /** One product with several stored matrices side by side. */
  product(input: string, output: string, parts: readonly string[]): string {
    const matrices = parts.map((part) => this.#tensor(part));
    return this.#addProduct(this.graph, {input, output: this.name(output), rank: 3, matrices});
  }

  /** What attention looks for, looks at and takes: `[batch, tokens, heads · headSize]` each. */
  queryKeyValue(normed: string): {
    readonly query: string;
    readonly key: string;
    readonly value: string;
  } {
    const {headCount, kvHeadCount, headSize} = this.spec;
    const [query, key, value] = [this.name('q'), this.name('k'), this.name('v')];
    const sizes = [headCount * headSize, kvHeadCount * headSize, kvHeadCount * headSize];
    this.graph.node({
      op: 'Split',
      inputs: [
        this.product(normed, 'qkv', ['attn_q', 'attn_k', 'attn_v']),
        this.graph.integers(this.name('qkv.sizes'), sizes),
      ],
      outputs: [query, key, value],
      attributes: {axis: {int: -1}},
    });
    return {query, key, value};
  }

  #tensor(part: string): StoredTensor {
    return requireTensor(this.#tensors, `blk.${this.layer}.${part}.weight`);
  }
}
