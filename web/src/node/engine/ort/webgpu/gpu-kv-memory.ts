import type {Tensor} from 'onnxruntime-web/wasm';
import {layerCount} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {KvMemory} from '../kv-cache.ts';
import type {OrtEngine} from '../ort-engine.ts';

/** Keys and values of one layer, each `[1, kvHeadCount, capacityTokens, headSize]`, on the GPU. */
type GpuLayerKv = {readonly key: Tensor; readonly value: Tensor};
/** What one cell remembers of one session: buffers of fixed size, written in place. */
export type GpuKv = {
  readonly tokenCount: number;
  readonly capacityTokens: number;
  readonly layers: readonly GpuLayerKv[];
};

/** `GPUBufferUsage` storage, copy source and copy target. */
const KV_USAGE = 0x80 | 0x04 | 0x08;

/** Remembers in buffers of the GPU, which are never read back and freed with their session. */
export function gpuKvMemory(
  {ort, device}: {readonly ort: OrtEngine; readonly device: GPUDevice},
  spec: ModelSpec,
): KvMemory<GpuKv> {
  const {kvHeadCount, headSize} = spec;
  const tokenBytes = headSize * Float32Array.BYTES_PER_ELEMENT;
  const allocate = (capacityTokens: number): Tensor => {
    const size = kvHeadCount * capacityTokens * tokenBytes;
    const buffer = device.createBuffer({size, usage: KV_USAGE});
    return ort.gpuTensor(buffer, [1, kvHeadCount, capacityTokens, headSize]);
  };
  const allocateLayers = (layers: number, capacityTokens: number): readonly GpuLayerKv[] =>
    Array.from({length: layers}, () => ({
      key: allocate(capacityTokens),
      value: allocate(capacityTokens),
    }));
  const free = ({layers}: GpuKv): void => {
    for (const tensor of layers.flatMap(({key, value}) => [key, value])) tensor.gpuBuffer.destroy();
  };
  return {
    empty: (cell, kvTokens) => ({
      tokenCount: 0,
      capacityTokens: kvTokens,
      layers: allocateLayers(layerCount(cell), kvTokens),
    }),
    resize: (kv, kvTokens) => {
      if (kvTokens === kv.capacityTokens) return kv;
      const {tokenCount} = kv;
      const layers = allocateLayers(kv.layers.length, kvTokens);
      const encoder = device.createCommandEncoder();
      const copy = (from: Tensor | undefined, to: Tensor): void => {
        if (from === undefined || tokenCount === 0) return;
        for (let head = 0; head < kvHeadCount; head += 1) {
          const fromByte = head * kv.capacityTokens * tokenBytes;
          const toByte = head * kvTokens * tokenBytes;
          const held = tokenCount * tokenBytes;
          encoder.copyBufferToBuffer(from.gpuBuffer, fromByte, to.gpuBuffer, toByte, held);
        }
      };
      for (const [at, {key, value}] of layers.entries()) {
        copy(kv.layers[at]?.key, key);
        copy(kv.layers[at]?.value, value);
      }
      device.queue.submit([encoder.finish()]);
      free(kv);
      return {tokenCount, capacityTokens: kvTokens, layers};
    },
    // What lies behind is hidden from attention, and overwritten.
    truncate: (kv, position) => ({...kv, tokenCount: position}),
    byteLength: ({layers, capacityTokens}) =>
      layers.length * 2 * kvHeadCount * capacityTokens * tokenBytes,
    free,
  };
}
