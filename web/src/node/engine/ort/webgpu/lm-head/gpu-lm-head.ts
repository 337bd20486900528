import type {InferenceSession} from 'onnxruntime-web/wasm';
import {assert} from '#shared/base/assert.ts';
import {portableExp, portableLog} from '#shared/base/portable-math.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {LM_HEAD_IO, TOP_LOGITS} from '../../graph/build-lm-head-graph.ts';
import type {OnnxModel} from '../../graph/graph-builder.ts';
import {lmHeadFeeds, onlyAllowed, type LmHeadSizes, type RowBiases} from '../../lm-head-feeds.ts';
import type {OrtEngine} from '../../ort-engine.ts';
import type {ShardLmHead} from '../../shard-engine.ts';
import {GpuTopLogits} from './gpu-top-logits.ts';

/** Final norm and LM head in onnxruntime; its logits stay on the GPU, and the likeliest of them are read back. */
export class GpuLmHead implements ShardLmHead {
  readonly #ort: OrtEngine;
  readonly #session: InferenceSession;
  readonly #sizes: LmHeadSizes;
  readonly #top: GpuTopLogits;

  private constructor(
    {ort, session, top}: {ort: OrtEngine; session: InferenceSession; top: GpuTopLogits},
    sizes: LmHeadSizes,
  ) {
    this.#ort = ort;
    this.#session = session;
    this.#sizes = sizes;
    this.#top = top;
  }

  static async create(
    {ort, device}: {readonly ort: OrtEngine; readonly device: GPUDevice},
    model: OnnxModel,
    sizes: LmHeadSizes,
  ): Promise<GpuLmHead> {
    const session = await ort.createSession(model, [LM_HEAD_IO.all]);
    const top = await GpuTopLogits.create(device, sizes.vocabularySize);
    return new GpuLmHead({ort, session, top}, sizes);
  }

  async run(rows: Float32Array, biases: RowBiases): Promise<readonly TopLogits[]> {
    const outputs = await this.#session.run(lmHeadFeeds(this.#ort, this.#sizes, {rows, biases}));
    const all = outputs[LM_HEAD_IO.all];
    assert(all !== undefined, 'an LM head gives logits');
    const {values, ids, sums} = await this.#top.of(all.gpuBuffer, biases.length);
    all.dispose();
    const topCount = Math.min(TOP_LOGITS, this.#sizes.vocabularySize);
    const partSize = sums.length / biases.length;
    return biases.map((bias, row) => {
      const [start, end] = [row * TOP_LOGITS, row * TOP_LOGITS + topCount];
      const logits = values.slice(start, end);
      const parts = sums.subarray(row * partSize, (row + 1) * partSize);
      const logSumExp = logSumExpOf(logits[0] ?? Number.NaN, parts);
      return onlyAllowed({tokenIds: ids.slice(start, end), logits, logSumExp}, bias?.allowed);
    });
  }
}

/** Of all logits, by what their parts weigh over the best of each; not a number where the GPU gives none. */
function logSumExpOf(topLogit: number, parts: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < parts.length; at += 2) {
    sum += (parts[at + 1] ?? 0) * portableExp((parts[at] ?? 0) - topLogit);
  }
  return sum > 0 && sum < Infinity ? Math.fround(topLogit + portableLog(sum)) : Number.NaN;
}
