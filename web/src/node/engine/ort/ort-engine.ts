import type * as OnnxRuntime from 'onnxruntime-web/wasm';
import type {InferenceSession, Tensor} from 'onnxruntime-web/wasm';
import type {OnnxModel} from './graph/graph-builder.ts';

/** What both builds of onnxruntime-web offer. Their tensors do not mix. */
export type Ort = Pick<typeof OnnxRuntime, 'InferenceSession' | 'Tensor' | 'env'>;

/** One build of onnxruntime-web, with how its sessions are made. */
export class OrtEngine {
  readonly #ort: Ort;
  readonly #options: InferenceSession.SessionOptions;
  #weightBytes = 0;

  constructor(ort: Ort, options: InferenceSession.SessionOptions) {
    this.#ort = ort;
    this.#options = options;
  }

  /**
   * Loads a model into the engine. The model's buffers may be dropped afterwards.
   *
   * @param kept outputs that stay in the memory of the GPU.
   */
  async createSession(model: OnnxModel, kept: readonly string[] = []): Promise<InferenceSession> {
    const session = await this.#ort.InferenceSession.create(model.graph, {
      ...this.#options,
      ...(kept.length > 0 && {
        preferredOutputLocation: Object.fromEntries(
          kept.map((name) => [name, 'gpu-buffer'] as const),
        ),
      }),
      graphOptimizationLevel: 'all',
      externalData: [{path: model.weightsName, data: model.weights}],
    });
    this.#weightBytes += model.weights.byteLength;
    return session;
  }

  /** Of all sessions, which live as long as the engine. */
  get weightBytes(): number {
    return this.#weightBytes;
  }

  f32Tensor(values: Float32Array, shape: readonly number[]): Tensor {
    return new this.#ort.Tensor('float32', values, shape);
  }

  i32Tensor(values: Int32Array, shape: readonly number[]): Tensor {
    return new this.#ort.Tensor('int32', values, shape);
  }

  i64Tensor(values: BigInt64Array, shape: readonly number[]): Tensor {
    return new this.#ort.Tensor('int64', values, shape);
  }

  /** An f32 tensor whose values lie in a buffer of the GPU. */
  gpuTensor(buffer: GPUBuffer, shape: readonly number[]): Tensor {
    return this.#ort.Tensor.fromGpuBuffer(buffer, {dataType: 'float32', dims: shape});
  }
}

/** The values of an output, which live in JavaScript's memory already. */
export function f32Values(
  outputs: InferenceSession.OnnxValueMapType,
  name: string,
): Float32Array<ArrayBuffer> {
  const values = outputs[name]?.data;
  if (values instanceof Float32Array && values.buffer instanceof ArrayBuffer) {
    return new Float32Array(values.buffer, values.byteOffset, values.length);
  }
  throw new TypeError(`The engine returned no f32 output "${name}"`);
}

export function i64Values(outputs: InferenceSession.OnnxValueMapType, name: string): BigInt64Array {
  const values = outputs[name]?.data;
  if (values instanceof BigInt64Array) return values;
  throw new TypeError(`The engine returned no i64 output "${name}"`);
}
