import type {Tensor} from 'onnxruntime-web/wasm';
import {CELL_IO} from '../graph/cell-io.ts';
import type {RotaryTable, RotaryTables} from '../graph/rotary-table.ts';
import type {OrtEngine} from '../ort-engine.ts';
import type {Batch, BatchFeeds} from '../shard-engine.ts';

/** `GPUBufferUsage` storage, copy source and copy target. */
const TABLE_USAGE = 0x80 | 0x04 | 0x08;

/**
 * What a batch tells the cells of a shard on the GPU: where it ends, and the shard's rotary
 * tables, which lie in the GPU's memory once and never move again.
 */
export function gpuBatchFeeds(
  {ort, device}: {readonly ort: OrtEngine; readonly device: GPUDevice},
  rotary: RotaryTables,
): (batch: Batch) => BatchFeeds {
  const upload = (values: Float32Array, {positions, rowLength}: RotaryTable): Tensor => {
    const buffer = device.createBuffer({size: values.byteLength, usage: TABLE_USAGE});
    device.queue.writeBuffer(buffer, 0, Float32Array.from(values));
    return ort.gpuTensor(buffer, [positions, rowLength]);
  };
  const {model, window} = rotary;
  const tables = {
    [CELL_IO.rotaryCos]: upload(model.cos, model),
    [CELL_IO.rotarySin]: upload(model.sin, model),
    ...(window && {
      [CELL_IO.windowCos]: upload(window.cos, window),
      [CELL_IO.windowSin]: upload(window.sin, window),
    }),
  };
  return ({positions: [position = 0], tokenCount}) => {
    const totalTokens = position + tokenCount;
    return {
      ...tables,
      [CELL_IO.lastPosition]: ort.i32Tensor(Int32Array.of(totalTokens - 1), [1]),
      [CELL_IO.totalTokens]: ort.i32Tensor(Int32Array.of(totalTokens), [1]),
    };
  };
}
