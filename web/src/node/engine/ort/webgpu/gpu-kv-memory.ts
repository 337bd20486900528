import type {Tensor} from 'onnxruntime-web/wasm';
import {mostKept} from '#shared/model/layer-kind.ts';
import {layersOf} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {KvMemory} from '../kv-cache.ts';
import type {OrtEngine} from '../ort-engine.ts';
import {copyPlaces} from './copy-places.ts';

/** Keys and values of one layer, each `[1, kvHeadCount, room, headSize]`, on the GPU. */
type GpuLayerKv = {
  readonly key: Tensor;
  readonly value: Tensor;
  readonly room: number;
  /** Of positions, at most. */
  readonly mostKept: number;
};
/** What one cell remembers of one session: buffers of fixed size, written in place. */
export type GpuKv = {
  readonly tokenCount: number;
  /** Which position lies at the first place of layers with a window: of all that share the buffers. */
  readonly window: {firstPosition: number};
  readonly layers: readonly GpuLayerKv[];
};

/** `GPUBufferUsage` storage, copy source and copy target. */
export const KV_USAGE = 0x80 | 0x04 | 0x08;

/** Remembers in buffers of the GPU, which are never read back and freed with their session. */
export function gpuKvMemory(
  {ort, device}: {readonly ort: OrtEngine; readonly device: GPUDevice},
  spec: ModelSpec,
): KvMemory<GpuKv> {
  const {kvHeadCount, headSize} = spec;
  const placeBytes = kvHeadCount * headSize * Float32Array.BYTES_PER_ELEMENT;
  const allocate = (most: number, kvTokens: number): GpuLayerKv => {
    const room = Math.min(most, kvTokens);
    const tensor = (): Tensor => {
      const buffer = device.createBuffer({size: room * placeBytes, usage: KV_USAGE});
      return ort.gpuTensor(buffer, [1, kvHeadCount, room, headSize]);
    };
    return {key: tensor(), value: tensor(), room, mostKept: most};
  };
  const resized = (layer: GpuLayerKv, kvTokens: number, held: number): GpuLayerKv => {
    if (layer.room === Math.min(layer.mostKept, kvTokens)) return layer;
    const grown = allocate(layer.mostKept, kvTokens);
    const both = {source: layer, target: grown};
    if (held > 0) copyPlaces({device, spec}, both, {from: 0, count: held});
    freeLayer(layer);
    return grown;
  };
  return {
    empty: (cell, kvTokens) => ({
      tokenCount: 0,
      window: {firstPosition: 0},
      layers: layersOf(cell).map((layer) => allocate(mostKept(spec, layer), kvTokens)),
    }),
    resize: ({tokenCount, window, layers}, kvTokens) => ({
      tokenCount,
      window,
      layers: layers.map((layer) => {
        const isBounded = layer.mostKept < Number.POSITIVE_INFINITY;
        const held = isBounded ? tokenCount - window.firstPosition : tokenCount;
        return resized(layer, kvTokens, held);
      }),
    }),
    // What lies behind is hidden from attention, and overwritten.
    truncate: ({window, ...kv}, position) => ({
      ...kv,
      window: position === 0 ? {firstPosition: 0} : window,
      tokenCount: position,
    }),
    reaches: ({window: {firstPosition}}, position) =>
      firstPosition === 0 ||
      position === 0 ||
      position - (spec.window?.tokens ?? 0) + 1 >= firstPosition,
    byteLength: ({layers}) => layers.reduce((sum, {room}) => sum + 2 * room * placeBytes, 0),
    free: ({layers}) => {
      for (const layer of layers) freeLayer(layer);
    },
  };
}

function freeLayer({key, value}: GpuLayerKv): void {
  for (const tensor of [key, value]) tensor.gpuBuffer.destroy();
}
