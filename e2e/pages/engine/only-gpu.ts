import {MAP_READ, READ_USAGE, STORAGE_USAGE} from '../../../web/src/node/engine/ort/gpu-usage.ts';
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
