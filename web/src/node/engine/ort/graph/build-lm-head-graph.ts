import {assert} from '#shared/base/assert.ts';
import type {StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {lmHeadTensors} from '#shared/model/manifest/tensor-layout.ts';
import type {AddProduct} from './add-product.ts';
import {GraphBuilder, type OnnxModel} from './graph-builder.ts';
import {requireTensor, writeMatrices} from '../weights/stored-weights.ts';

/** How many logits leave the engine; the whole vocabulary when it is smaller. */
export const TOP_LOGITS = 256;

/** Names of the LM head's inputs and outputs. */
export const LM_HEAD_IO = {
  /** `[rows, hiddenSize]`: the last positions only. */
  hidden: 'hidden',
  /** `[rows, vocabularySize]`, or one number for all: added to the logits. */
  bias: 'bias',
  /** `[rows, TOP_LOGITS]`, best first, equal ones by token id. */
  logits: 'top_logits',
  /** `[rows, TOP_LOGITS]`, i64. */
  tokenIds: 'top_token_ids',
  /** `[rows]`: what the likeliest token has of the probability, over the whole vocabulary. */
  topShare: 'top_share',
  /** `[rows, vocabularySize]`, in place of these where the engine finds the likeliest itself. */
  all: 'logits.biased',
} as const;

function addDivision(graph: GraphBuilder, logits: string, {logitDivisor}: ModelSpec): string {
  if (logitDivisor === undefined) return logits;
  const divisor = graph.numbers('logit_divisor', [logitDivisor]);
  return graph.node({op: 'Div', inputs: [logits, divisor], outputs: ['logits.divided']});
}

function addCap(graph: GraphBuilder, logits: string, {logitCap}: ModelSpec): string {
  if (logitCap === undefined) return logits;
  const cap = graph.numbers('logit_cap', [logitCap]);
  const part = graph.node({op: 'Div', inputs: [logits, cap], outputs: ['logits.part']});
  const bent = graph.node({op: 'Tanh', inputs: [part], outputs: ['logits.bent']});
  return graph.node({op: 'Mul', inputs: [bent, cap], outputs: ['logits.capped']});
}

/** Final norm, LM head, a bias of the logits, and the likeliest tokens: 2 KiB leave the graph instead of the vocabulary. */
export function buildLmHeadGraph(
  spec: ModelSpec,
  tensors: ReadonlyMap<string, StoredTensor>,
  addProduct: AddProduct,
): OnnxModel {
  const graph = graphOfLogits(spec, tensors, addProduct);
  addTop(graph, Math.min(TOP_LOGITS, spec.vocabularySize));
  return graph.build('norm and LM head');
}

/** The same without the choice of tokens: all logits leave it, and stay on the GPU. */
export function buildLogitsGraph(
  spec: ModelSpec,
  tensors: ReadonlyMap<string, StoredTensor>,
  addProduct: AddProduct,
): OnnxModel {
  const graph = graphOfLogits(spec, tensors, addProduct);
  graph.output(LM_HEAD_IO.all, 'f32', ['rows', spec.vocabularySize]);
  return graph.build('norm and LM head');
}

function graphOfLogits(
  spec: ModelSpec,
  tensors: ReadonlyMap<string, StoredTensor>,
  addProduct: AddProduct,
): GraphBuilder {
  const graph = new GraphBuilder();
  const {hiddenSize} = spec;
  const [gain, matrix] = lmHeadTensors(spec).map(({name}) => requireTensor(tensors, name));
  assert(gain !== undefined && matrix !== undefined, 'an LM head is a norm and a matrix');
  const hidden = graph.input(LM_HEAD_IO.hidden, 'f32', ['rows', hiddenSize]);
  const gains = graph.weights('gain', [hiddenSize], writeMatrices([gain]));
  const normed = graph.node({
    op: 'SimplifiedLayerNormalization',
    inputs: [hidden, gains],
    outputs: ['normed'],
    attributes: {axis: {int: -1}, epsilon: {float: spec.normEpsilon}, stash_type: {int: 1}},
  });
  const product = addProduct(graph, {input: normed, output: 'logits', rank: 2, matrices: [matrix]});
  const own = addCap(graph, addDivision(graph, product, spec), spec);
  const bias = graph.input(LM_HEAD_IO.bias, 'f32', ['biased_rows', 'biased_tokens']);
  graph.node({op: 'Add', inputs: [own, bias], outputs: [LM_HEAD_IO.all]});
  return graph;
}

function addTop(graph: GraphBuilder, topCount: number): void {
  graph.node({
    op: 'TopK',
    inputs: [LM_HEAD_IO.all, graph.integers('top_count', [topCount])],
    outputs: [LM_HEAD_IO.logits, LM_HEAD_IO.tokenIds],
    attributes: {axis: {int: -1}},
  });
  // The operator for the logarithm of such a sum takes three times as long: it has no vectors.
  const shares = graph.node({
    op: 'Softmax',
    inputs: [LM_HEAD_IO.all],
    outputs: ['shares'],
    attributes: {axis: {int: -1}},
  });
  graph.node({
    op: 'ReduceMax',
    inputs: [shares, graph.integers('vocabulary_axis', [-1])],
    outputs: [LM_HEAD_IO.topShare],
    attributes: {keepdims: {int: 0}},
  });
  graph.output(LM_HEAD_IO.logits, 'f32', ['rows', topCount]);
  graph.output(LM_HEAD_IO.tokenIds, 'i64', ['rows', topCount]);
  graph.output(LM_HEAD_IO.topShare, 'f32', ['rows']);
}
