import type {Tensor} from 'onnxruntime-web/wasm';
import {CELL_IO} from '../graph/cell-io.ts';
import type {RotaryTable, RotaryTables} from '../graph/rotary-table.ts';
import type {OrtEngine} from '../ort-engine.ts';
import type {BatchFeeds} from '../shard-engine.ts';
import {STORAGE_USAGE} from '../gpu-usage.ts';

/**
 * What every batch tells the cells of a shard on the GPU: its rotary tables, which lie in the GPU's
 * memory once and never move again. Where its rows go on, each cell knows.
 */
export function gpuBatchFeeds(
  {ort, device}: {readonly ort: OrtEngine; readonly device: GPUDevice},
  rotary: RotaryTables,
): () => BatchFeeds {
  const upload = (values: Float32Array, {positions, rowLength}: RotaryTable): Tensor => {
    const buffer = device.createBuffer({size: values.byteLength, usage: STORAGE_USAGE});
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
  return () => tables;
}
