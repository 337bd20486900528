import type {Tensor} from 'onnxruntime-web/wasm';
import type {ModelSpec} from '#shared/model/model-spec.ts';

/** A row of the keys and values of one layer, `[rows, kvHeadCount, room, headSize]` each. */
type LayerRow = {
  readonly key: Pick<Tensor, 'gpuBuffer'>;
  readonly value: Pick<Tensor, 'gpuBuffer'>;
  readonly room: number;
  readonly row: number;
};

/** So many places of a layer, from `firstPlace` on, to the first of another, which has other buffers. */
export function copyPlaces(
  encoder: GPUCommandEncoder,
  {kvHeadCount, headSize}: Pick<ModelSpec, 'kvHeadCount' | 'headSize'>,
  copied: {
    readonly from: LayerRow;
    readonly to: LayerRow;
    readonly firstPlace: number;
    readonly count: number;
  },
): void {
  const {from, to, firstPlace, count} = copied;
  const placeBytes = headSize * Float32Array.BYTES_PER_ELEMENT;
  for (const kind of ['key', 'value'] as const) {
    for (let head = 0; head < kvHeadCount; head += 1) {
      encoder.copyBufferToBuffer(
        from[kind].gpuBuffer,
        ((from.row * kvHeadCount + head) * from.room + firstPlace) * placeBytes,
        to[kind].gpuBuffer,
        (to.row * kvHeadCount + head) * to.room * placeBytes,
        count * placeBytes,
      );
    }
  }
}
