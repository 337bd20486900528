import type {InferenceSession, Tensor} from 'onnxruntime-web/wasm';
import {portableLog} from '#shared/base/portable-math.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {hasToken, type TokenMask} from '#shared/protocol/frame/token-mask.ts';
import type {TokenBias} from '#shared/session/token-bias.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {LM_HEAD_IO} from './graph/build-lm-head-graph.ts';
import type {OnnxModel} from './graph/graph-builder.ts';
import {f32Values, i64Values, type OrtEngine} from './ort-engine.ts';
import type {ShardLmHead} from './shard-engine.ts';

type Sizes = Pick<ModelSpec, 'hiddenSize' | 'vocabularySize'>;

/** Final norm and LM head, in onnxruntime. */
export class OrtLmHead implements ShardLmHead {
  readonly #ort: OrtEngine;
  readonly #session: InferenceSession;
  readonly #sizes: Sizes;

  private constructor(ort: OrtEngine, session: InferenceSession, sizes: Sizes) {
    this.#ort = ort;
    this.#session = session;
    this.#sizes = sizes;
  }

  static async create(ort: OrtEngine, model: OnnxModel, sizes: Sizes): Promise<OrtLmHead> {
    return new OrtLmHead(ort, await ort.createSession(model), sizes);
  }

  async run(
    rows: Float32Array,
    biases: readonly (TokenBias | undefined)[],
  ): Promise<readonly TopLogits[]> {
    const {hiddenSize} = this.#sizes;
    const feeds = {
      [LM_HEAD_IO.hidden]: this.#ort.f32Tensor(rows, [rows.length / hiddenSize, hiddenSize]),
      [LM_HEAD_IO.bias]: this.#biasTensor(biases),
    };
    const outputs = await this.#session.run(feeds);
    const tokenIds = Uint32Array.from(i64Values(outputs, LM_HEAD_IO.tokenIds), Number);
    const logits = f32Values(outputs, LM_HEAD_IO.logits);
    const topShares = f32Values(outputs, LM_HEAD_IO.topShare);
    const topCount = tokenIds.length / topShares.length;
    return Array.from(topShares, (topShare, row) => {
      const [start, end] = [row * topCount, (row + 1) * topCount];
      const top = {
        tokenIds: tokenIds.slice(start, end),
        logits: logits.slice(start, end),
        logSumExp: logSumExpOf(logits[start] ?? Number.NaN, topShare),
      };
      return onlyAllowed(top, biases[row]?.allowed);
    });
  }

  /** One 0 where no row has a bias: to add it to a logit is to leave that as it is. */
  #biasTensor(biases: readonly (TokenBias | undefined)[]): Tensor {
    if (biases.every((bias) => bias === undefined)) {
      return this.#ort.f32Tensor(new Float32Array(1), [1, 1]);
    }
    const {vocabularySize} = this.#sizes;
    const all = new Float32Array(biases.length * vocabularySize);
    for (const [row, bias] of biases.entries()) {
      const own = all.subarray(row * vocabularySize, (row + 1) * vocabularySize);
      bias?.tokenIds.forEach((tokenId, at) => {
        // Beyond the vocabulary it is nobody's logit, and no place in the array.
        own[tokenId] = bias.values[at] ?? 0;
      });
      if (bias?.allowed !== undefined) forbidOthers(own, bias.allowed);
    }
    return this.#ort.f32Tensor(all, [biases.length, vocabularySize]);
  }
}

/** Of all logits, by the probability of the likeliest; not a number where a GPU gives none. */
function logSumExpOf(topLogit: number, topShare: number): number {
  return topShare > 0 ? Math.fround(topLogit - portableLog(topShare)) : Number.NaN;
}

/** Of no weight beside any logit, and still a number: a GPU may take infinities for anything. */
const FORBIDDEN = -1e9;

function forbidOthers(biases: Float32Array, allowed: TokenMask): void {
  for (let tokenId = 0; tokenId < biases.length; tokenId += 1) {
    if (!hasToken(allowed, tokenId)) biases[tokenId] = FORBIDDEN;
  }
}

/** Where fewer tokens are allowed than leave the graph, the rest are others. */
function onlyAllowed(top: TopLogits, allowed: TokenMask | undefined): TopLogits {
  if (allowed === undefined) return top;
  const count = top.tokenIds.findIndex((tokenId) => !hasToken(allowed, tokenId));
  if (count === -1) return top;
  const {tokenIds, logits, logSumExp} = top;
  return {tokenIds: tokenIds.slice(0, count), logits: logits.slice(0, count), logSumExp};
}
