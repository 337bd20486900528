import {EngineError} from '../../engine-error.ts';

/** A GPU to run on. */
export type GpuDevice = {readonly device: GPUDevice; readonly info: GPUAdapterInfo};

/** What large weights and caches need, as much of it as the adapter has. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/**
 * A device of its own for this thread.
 *
 * Without optional features. With `subgroups`, `GroupQueryAttention` takes a
 * path for pieces of 32 tokens and more that is wrong on some adapters
 * (https://github.com/microsoft/onnxruntime/pull/28520); without `shader-f16` every GPU
 * calculates in f32.
 *
 * @throws {EngineError} `WEBGPU_UNAVAILABLE`.
 */
export async function requestGpuDevice(): Promise<GpuDevice> {
  // Old browsers have no WebGPU, whatever the types say.
  const gpu = 'gpu' in navigator ? navigator.gpu : undefined;
  if (gpu === undefined) throw webGpuUnavailable('this browser has no WebGPU');
  try {
    const adapter = await requestAdapter(gpu);
    if (adapter === null) throw webGpuUnavailable('this browser offers no GPU');
    const {limits} = adapter;
    const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, limits[name]]));
    return {device: await adapter.requestDevice({requiredLimits}), info: adapter.info};
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw webGpuUnavailable(`the GPU cannot be used (${String(error)})`, error);
  }
}

/** Chromium drops the first request of a browser while its GPU process restarts, as it does without a screen. */
async function requestAdapter(gpu: GPU): Promise<GPUAdapter | null> {
  const options = {powerPreference: 'high-performance'} as const;
  return (await gpu.requestAdapter(options)) ?? (await gpu.requestAdapter(options));
}

export function webGpuUnavailable(reason: string, cause?: unknown): EngineError {
  const sentence = `Cannot run layers on a GPU: ${reason}`;
  return new EngineError({code: 'WEBGPU_UNAVAILABLE'}, sentence, {cause});
}
