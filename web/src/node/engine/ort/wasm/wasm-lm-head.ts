import type {InferenceSession} from 'onnxruntime-web/wasm';
import {portableLog} from '#shared/base/portable-math.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {LM_HEAD_IO} from '../graph/build-lm-head-graph.ts';
import type {OnnxModel} from '../graph/graph-builder.ts';
import {lmHeadFeeds, onlyAllowed, type LmHeadSizes, type RowBiases} from '../lm-head-feeds.ts';
import {f32Values, i64Values, type OrtEngine} from '../ort-engine.ts';
import type {ShardLmHead} from '../shard-engine.ts';

/** Final norm, LM head and the likeliest tokens, on the CPU. */
export class WasmLmHead implements ShardLmHead {
  readonly #ort: OrtEngine;
  readonly #session: InferenceSession;
  readonly #sizes: LmHeadSizes;

  private constructor(ort: OrtEngine, session: InferenceSession, sizes: LmHeadSizes) {
    this.#ort = ort;
    this.#session = session;
    this.#sizes = sizes;
  }

  static async create(ort: OrtEngine, model: OnnxModel, sizes: LmHeadSizes): Promise<WasmLmHead> {
    return new WasmLmHead(ort, await ort.createSession(model), sizes);
  }

  async run(rows: Float32Array, biases: RowBiases): Promise<readonly TopLogits[]> {
    const outputs = await this.#session.run(lmHeadFeeds(this.#ort, this.#sizes, {rows, biases}));
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
}

/** Of all logits, by the probability of the likeliest. */
function logSumExpOf(topLogit: number, topShare: number): number {
  return topShare > 0 ? Math.fround(topLogit - portableLog(topShare)) : Number.NaN;
}
