import type {InferenceSession} from 'onnxruntime-web/wasm';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {LM_HEAD_IO} from './graph/build-lm-head-graph.ts';
import type {OnnxModel} from './graph/graph-builder.ts';
import {f32Values, i64Values, type OrtEngine} from './ort-engine.ts';
import type {ShardLmHead} from './shard-engine.ts';

/** Final norm and LM head, in onnxruntime. */
export class OrtLmHead implements ShardLmHead {
  readonly #ort: OrtEngine;
  readonly #session: InferenceSession;
  readonly #hiddenSize: number;

  private constructor(ort: OrtEngine, session: InferenceSession, hiddenSize: number) {
    this.#ort = ort;
    this.#session = session;
    this.#hiddenSize = hiddenSize;
  }

  static async create(
    ort: OrtEngine,
    model: OnnxModel,
    {hiddenSize}: Pick<ModelSpec, 'hiddenSize'>,
  ): Promise<OrtLmHead> {
    return new OrtLmHead(ort, await ort.createSession(model), hiddenSize);
  }

  async run(rows: Float32Array): Promise<readonly TopLogits[]> {
    const shape = [rows.length / this.#hiddenSize, this.#hiddenSize];
    const feeds = {[LM_HEAD_IO.hidden]: this.#ort.f32Tensor(rows, shape)};
    const outputs = await this.#session.run(feeds);
    const tokenIds = Uint32Array.from(i64Values(outputs, LM_HEAD_IO.tokenIds), Number);
    const logits = f32Values(outputs, LM_HEAD_IO.logits);
    const logSumExps = f32Values(outputs, LM_HEAD_IO.logSumExp);
    const topCount = tokenIds.length / logSumExps.length;
    return Array.from(logSumExps, (logSumExp, row) => {
      const [start, end] = [row * topCount, (row + 1) * topCount];
      return {tokenIds: tokenIds.slice(start, end), logits: logits.slice(start, end), logSumExp};
    });
  }
}
