import type {Tensor} from 'onnxruntime-web/wasm';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {hasToken, type TokenMask} from '#shared/protocol/frame/token-mask.ts';
import type {TokenBias} from '#shared/session/token-bias.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {LM_HEAD_IO} from './graph/build-lm-head-graph.ts';
import type {OrtEngine} from './ort-engine.ts';
import type {BatchFeeds} from './shard-engine.ts';

export type LmHeadSizes = Pick<ModelSpec, 'hiddenSize' | 'vocabularySize'>;
export type RowBiases = readonly (TokenBias | undefined)[];

/** @param rows `[rows, hiddenSize]`, positions from the last boundary. */
export function lmHeadFeeds(
  ort: OrtEngine,
  sizes: LmHeadSizes,
  {rows, biases}: {readonly rows: Float32Array; readonly biases: RowBiases},
): BatchFeeds {
  const {hiddenSize} = sizes;
  return {
    [LM_HEAD_IO.hidden]: ort.f32Tensor(rows, [rows.length / hiddenSize, hiddenSize]),
    [LM_HEAD_IO.bias]: biasTensor(ort, sizes, biases),
  };
}

/** One 0 where no row has a bias: to add it to a logit is to leave that as it is. */
function biasTensor(
  ort: OrtEngine,
  {vocabularySize}: Pick<LmHeadSizes, 'vocabularySize'>,
  biases: RowBiases,
): Tensor {
  if (biases.every((bias) => bias === undefined)) return ort.f32Tensor(new Float32Array(1), [1, 1]);
  const all = new Float32Array(biases.length * vocabularySize);
  for (const [row, bias] of biases.entries()) {
    const own = all.subarray(row * vocabularySize, (row + 1) * vocabularySize);
    bias?.tokenIds.forEach((tokenId, at) => {
      // Beyond the vocabulary it is nobody's logit, and no place in the array.
      own[tokenId] = bias.values[at] ?? 0;
    });
    if (bias?.allowed !== undefined) forbidOthers(own, bias.allowed);
  }
  return ort.f32Tensor(all, [biases.length, vocabularySize]);
}

/** Of no weight beside any logit, and still a number: a GPU may take infinities for anything. */
const FORBIDDEN = -1e9;

function forbidOthers(biases: Float32Array, allowed: TokenMask): void {
  for (let tokenId = 0; tokenId < biases.length; tokenId += 1) {
    if (!hasToken(allowed, tokenId)) biases[tokenId] = FORBIDDEN;
  }
}

/** Where fewer tokens are allowed than leave the engine, the rest are others. */
export function onlyAllowed(top: TopLogits, allowed: TokenMask | undefined): TopLogits {
  if (allowed === undefined) return top;
  const count = top.tokenIds.findIndex((tokenId) => !hasToken(allowed, tokenId));
  if (count === -1) return top;
  const {tokenIds, logits, logSumExp} = top;
  return {tokenIds: tokenIds.slice(0, count), logits: logits.slice(0, count), logSumExp};
}
