/**
 * Engines of one class give the same numbers for the same step: on WASM the same
 * bits in any browser, on GPUs of one architecture the same but for the last bits
 * where a prompt is cut differently. Between classes only tokens are promised.
 */
export type EngineClass = 'wasm-f32' | 'stub' | `webgpu-${string}`;

/** What a record can hold. */
const MAX_LENGTH = 32;

/** GPUs of one vendor and architecture run the same shaders in the same order. */
export function webGpuClass(
  adapter: Pick<GPUAdapterInfo, 'vendor' | 'architecture'>,
): `webgpu-${string}` {
  const words = ['webgpu', adapter.vendor, adapter.architecture].filter((word) => word !== '');
  const name = words
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/gu, '-')
    .slice(0, MAX_LENGTH);
  return `webgpu-${name.slice('webgpu-'.length) || 'unknown'}`;
}
