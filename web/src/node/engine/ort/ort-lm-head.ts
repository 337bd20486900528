import type {InferenceSession} from 'onnxruntime-web/wasm';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {LM_HEAD_IO} from './graph/build-lm-head-graph.ts';
import type {OnnxModel} from './graph/graph-builder.ts';
import {f32Values, i64Values, type OrtEngine} from './ort-engine.ts';
import type {ShardLmHead} from './shard-engine.ts';

/** Final norm and LM head, in onnxruntime. */
export class OrtLmHead implements ShardLmHead {
  readonly #ort: OrtEngine;
  readonly #session: InferenceSession;

  private constructor(ort: OrtEngine, session: InferenceSession) {
    this.#ort = ort;
    this.#session = session;
  }

  static async create(ort: OrtEngine, model: OnnxModel): Promise<OrtLmHead> {
    return new OrtLmHead(ort, await ort.createSession(model));
  }

  async run(row: Float32Array): Promise<TopLogits> {
    const feeds = {[LM_HEAD_IO.hidden]: this.#ort.f32Tensor(row, [1, row.length])};
    const outputs = await this.#session.run(feeds);
    return {
      tokenIds: Uint32Array.from(i64Values(outputs, LM_HEAD_IO.tokenIds), Number),
      logits: f32Values(outputs, LM_HEAD_IO.logits),
      logSumExp: f32Values(outputs, LM_HEAD_IO.logSumExp)[0] ?? Number.NaN,
    };
  }
}
