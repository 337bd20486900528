import {embeddingTensors, layerTensors, lmHeadTensors} from '../manifest/tensor-layout.ts';
import type {TensorEntry} from '../manifest/manifest.ts';
import type {ModelSpec} from '../model-spec.ts';
import {engineBytes, type EngineBytes} from '../storage/engine-bytes.ts';

type SizedTensor = Pick<TensorEntry, 'name' | 'dtype' | 'shape' | 'byteLength'>;

/** What the parts of a model take on each engine, by the storage types of its own tensors. */
export type EngineMemory = {
  /** Of the largest layer: files of Q4_K_M and others give some layers more bits. */
  readonly layer: EngineBytes;
  readonly lmHead: EngineBytes;
  /** On every engine as it is in the file. */
  readonly embeddingBytes: number;
};

export function engineMemory(spec: ModelSpec, tensors: readonly SizedTensor[]): EngineMemory {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const sizeOf = (shapes: readonly {readonly name: string}[]): EngineBytes =>
    shapes
      .map(({name}) => byName.get(name))
      .map((tensor) => (tensor ? bytesOf(tensor) : {wasm: 0, webgpu: 0}))
      .reduce((sum, part) => ({wasm: sum.wasm + part.wasm, webgpu: sum.webgpu + part.webgpu}));
  const layers = Array.from({length: spec.layerCount}, (_, at) => sizeOf(layerTensors(spec, at)));
  const [embedding] = embeddingTensors(spec);
  return {
    layer: layers.reduce((most, each) => (each.webgpu > most.webgpu ? each : most)),
    lmHead: sizeOf(lmHeadTensors(spec)),
    embeddingBytes: byName.get(embedding?.name ?? '')?.byteLength ?? 0,
  };
}

/** Vectors, such as the gains of a norm, are f32 on every engine. */
function bytesOf({dtype, shape}: SizedTensor): EngineBytes {
  const weightCount = shape.reduce((product, size) => product * size, 1);
  return engineBytes(shape.length > 1 ? dtype : 'F32', weightCount);
}
