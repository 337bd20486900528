import {requestGpuDevice} from '../../../web/src/node/engine/ort/webgpu/request-gpu-device.ts';

/** More than any cache of a GPU holds. */
const BUFFER_BYTES = 2 ** 27;
const COPIES = 16;
const ROUNDS = 5;
/** `GPUBufferUsage` copy source and copy target. */
const COPY_USAGE = 0x04 | 0x08;

/** How many bytes of its memory a GPU reads and writes, copying: the best of some rounds. */
export async function gpuBytesPerSec(): Promise<number> {
  const {device} = await requestGpuDevice();
  const buffer = () => device.createBuffer({size: BUFFER_BYTES, usage: COPY_USAGE});
  const [source, target] = [buffer(), buffer()];
  let bestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const encoder = device.createCommandEncoder();
    for (let copy = 0; copy < COPIES; copy += 1) {
      encoder.copyBufferToBuffer(source, 0, target, 0, BUFFER_BYTES);
    }
    const startMs = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    bestMs = Math.min(bestMs, performance.now() - startMs);
  }
  device.destroy();
  return (1_000 * 2 * COPIES * BUFFER_BYTES) / bestMs;
}
