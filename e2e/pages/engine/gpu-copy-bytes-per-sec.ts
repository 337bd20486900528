import {requestGpuDevice} from '../../../web/src/node/engine/ort/webgpu/request-gpu-device.ts';

/** More than any cache of a GPU holds. */
const BUFFER_BYTES = 2 ** 27;
const COPIES = 16;
const ROUNDS = 5;
/** `GPUBufferUsage` copy source and copy target. */
const COPY_USAGE = 0x04 | 0x08;

/** How fast a GPU copies within its memory, bytes read and bytes written: the best of some rounds. */
export async function gpuCopyBytesPerSec(): Promise<number> {
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
