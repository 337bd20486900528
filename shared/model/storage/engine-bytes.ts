import type {TensorDtype} from './block-sizes.ts';
import {STORAGE_TYPES} from './storage-types.ts';

/** What the same weights take in each engine. */
export type EngineBytes = {readonly wasm: number; readonly webgpu: number};

const F32_BYTES = 4;

/**
 * What `weightCount` weights of a matrix take in each engine. WASM expands all to f32, as no product
 * of quantised weights is as fast there; a GPU keeps the integers, with a scale in f32 for each
 * group, and where the type has offsets a correction in f32. Neither loses a bit.
 */
export function engineBytes(dtype: TensorDtype, weightCount: number): EngineBytes {
  const format = STORAGE_TYPES[dtype];
  const wasm = weightCount * F32_BYTES;
  if (format.kind === 'float') return {wasm, webgpu: wasm};
  const {bits, groupWeights, hasOffsets} = format;
  const groups = weightCount / groupWeights;
  const numbers = hasOffsets ? 2 : 1;
  return {wasm, webgpu: (weightCount * bits) / 8 + groups * numbers * F32_BYTES};
}
