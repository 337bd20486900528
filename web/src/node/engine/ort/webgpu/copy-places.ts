import type {Tensor} from 'onnxruntime-web/wasm';
import type {ModelSpec} from '#shared/model/model-spec.ts';

/** A device, and of which shape the keys and values of a model are. */
export type KvDevice = {
  readonly device: GPUDevice;
  readonly spec: Pick<ModelSpec, 'kvHeadCount' | 'headSize' | 'window'>;
};
/** Keys and values of one layer, `[kvHeadCount, room, headSize]` each. */
type Buffers = {
  readonly key: Pick<Tensor, 'gpuBuffer'>;
  readonly value: Pick<Tensor, 'gpuBuffer'>;
  readonly room: number;
};

/** So many places of a layer, from one on, to the first of another, which has other buffers. */
export function copyPlaces(
  {device, spec}: KvDevice,
  {source, target}: {readonly source: Buffers; readonly target: Buffers},
  {from, count}: {readonly from: number; readonly count: number},
): void {
  const rowBytes = spec.headSize * Float32Array.BYTES_PER_ELEMENT;
  const encoder = device.createCommandEncoder();
  for (const kind of ['key', 'value'] as const) {
    for (let head = 0; head < spec.kvHeadCount; head += 1) {
      encoder.copyBufferToBuffer(
        source[kind].gpuBuffer,
        (head * source.room + from) * rowBytes,
        target[kind].gpuBuffer,
        head * target.room * rowBytes,
        count * rowBytes,
      );
    }
  }
  device.queue.submit([encoder.finish()]);
}
