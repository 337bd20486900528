import {env, InferenceSession, Tensor} from 'onnxruntime-web/wasm';
import type {OnnxModel} from './graph/graph-builder.ts';

// Tabs that share a machine gain nothing from a second thread, and lose by it when a core is busy.
env.wasm.numThreads = 1;
env.logLevel = 'error';

/** Loads a model into the engine. The model's buffers may be dropped afterwards. */
export async function createOrtSession(model: OnnxModel): Promise<InferenceSession> {
  return await InferenceSession.create(model.graph, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
    externalData: [{path: model.weightsName, data: model.weights}],
  });
}

export function f32Tensor(values: Float32Array, shape: readonly number[]): Tensor {
  return new Tensor('float32', values, shape);
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

export function i32Values(outputs: InferenceSession.OnnxValueMapType, name: string): Int32Array {
  const values = outputs[name]?.data;
  if (values instanceof Int32Array) return values;
  throw new TypeError(`The engine returned no i32 output "${name}"`);
}
