import {TOP_LOGITS} from '../../../web/src/node/engine/ort/graph/build-lm-head-graph.ts';
import {MAP_READ, READ_USAGE, STORAGE_USAGE} from '../../../web/src/node/engine/ort/gpu-usage.ts';
import {GpuTopLogits} from '../../../web/src/node/engine/ort/webgpu/lm-head/gpu-top-logits.ts';
import {openGpuOrt} from '../../../web/src/node/engine/ort/webgpu/open-gpu-ort.ts';
import {requestGpuDevice} from '../../../web/src/node/engine/ort/webgpu/request-gpu-device.ts';
import {WireRounding} from '../../../web/src/node/engine/ort/webgpu/wire-rounding.ts';

/** Makes a session of the GPU from a graph. @returns what onnxruntime has against it. */
export async function refuseOnGpu(model: {
  readonly graph: readonly number[];
  readonly weights: readonly number[];
  readonly weightsName: string;
}): Promise<string | null> {
  const {device} = await requestGpuDevice();
  const ort = await openGpuOrt(device);
  const {weightsName} = model;
  const graph = Uint8Array.from(model.graph);
  const weights = Uint8Array.from(model.weights);
  return await ort.createSession({graph, weights, weightsName}).then(
    () => null,
    (error: unknown) => String(error),
  );
}

/** What a boundary on the GPU makes of these numbers. */
export async function roundOnGpu(values: readonly number[]): Promise<readonly number[]> {
  const {device} = await requestGpuDevice();
  const hidden = Float32Array.from(values);
  const size = hidden.byteLength;
  const buffer = device.createBuffer({size, usage: STORAGE_USAGE});
  device.queue.writeBuffer(buffer, 0, hidden);
  (await WireRounding.create(device)).round(buffer, hidden.length);
  const read = device.createBuffer({size, usage: READ_USAGE});
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, read, 0, size);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(MAP_READ);
  const rounded = [...new Float32Array(read.getMappedRange())];
  device.destroy();
  return rounded;
}

/** The ids of the likeliest tokens, best first, of rows of logits. */
export async function topOnGpu(
  rows: readonly (readonly number[])[],
): Promise<readonly (readonly number[])[]> {
  const {device} = await requestGpuDevice();
  const logits = Float32Array.from(rows.flat());
  const buffer = device.createBuffer({size: logits.byteLength, usage: STORAGE_USAGE});
  device.queue.writeBuffer(buffer, 0, logits);
  const top = await GpuTopLogits.create(device, logits.length / rows.length);
  const {ids} = await top.of(buffer, rows.length);
  device.destroy();
  return rows.map((_, row) => [...ids.subarray(row * TOP_LOGITS, (row + 1) * TOP_LOGITS)]);
}
