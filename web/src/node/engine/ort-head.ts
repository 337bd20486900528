import type {InferenceSession} from 'onnxruntime-web/wasm';
import type {StoredTensor} from '#shared/model/dequantise/dequantise-rows.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {buildHeadGraph, HEAD_IO} from './graph/build-head-graph.ts';
import {createOrtSession, f32Tensor, f32Values, i32Values} from './ort-session.ts';

/** Final norm and LM head, in the engine. */
export class OrtHead {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async create(
    spec: ModelSpec,
    tensors: ReadonlyMap<string, StoredTensor>,
  ): Promise<OrtHead> {
    return new OrtHead(await createOrtSession(buildHeadGraph(spec, tensors)));
  }

  /** @param row `[hiddenSize]`: one position, from the last boundary. */
  async run(row: Float32Array): Promise<TopLogits> {
    const outputs = await this.#session.run({[HEAD_IO.hidden]: f32Tensor(row, [1, row.length])});
    return {
      tokenIds: Uint32Array.from(i32Values(outputs, HEAD_IO.tokenIds)),
      logits: f32Values(outputs, HEAD_IO.logits),
      logSumExp: f32Values(outputs, HEAD_IO.logSumExp)[0] ?? Number.NaN,
    };
  }
}
