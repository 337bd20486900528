import {assert} from '#shared/base/assert.ts';
import {WINDOW_SPARE_TOKENS} from '#shared/model/layer-kind.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {copyPlaces} from './copy-places.ts';
import {isBounded, type KvRow} from './kv-block.ts';
import {STORAGE_USAGE} from '../gpu-usage.ts';

/** Of the positions that no row of the next piece sees, as many stay: a session may go back so far. */
const KEPT_BEHIND = WINDOW_SPARE_TOKENS / 2;

/**
 * Makes room for a piece in layers with a window: what nobody sees any more is overwritten by what is still seen.
 * onnxruntime's operator attends by places, so positions stay in order and are moved, once in a while.
 */
export function moveWindows(
  {device, spec}: {readonly device: GPUDevice; readonly spec: ModelSpec},
  kv: KvRow,
  tokenCount: number,
): void {
  const held = kv.held - kv.firstPosition;
  const full = kv.block.layers.filter(
    (layer) => isBounded(layer) && held + tokenCount > layer.room,
  );
  if (full.length === 0) return;
  const count = (spec.window?.tokens ?? 0) + KEPT_BEHIND;
  const scratch = scratchFor(device, spec, count);
  const encoder = device.createCommandEncoder();
  for (const layer of full) {
    assert(count + tokenCount <= layer.room, 'a piece fits behind the window');
    const own = {...layer, row: kv.index};
    copyPlaces(encoder, spec, {from: own, to: scratch, firstPlace: held - count, count});
    copyPlaces(encoder, spec, {from: scratch, to: own, firstPlace: 0, count});
  }
  device.queue.submit([encoder.finish()]);
  // After the copies, which have been submitted.
  scratch.key.gpuBuffer.destroy();
  scratch.value.gpuBuffer.destroy();
  kv.firstPosition = kv.held - count;
}

/** Positions cannot be copied within one buffer. */
function scratchFor(device: GPUDevice, {kvHeadCount, headSize}: ModelSpec, room: number) {
  const size = kvHeadCount * room * headSize * Float32Array.BYTES_PER_ELEMENT;
  const buffer = () => ({gpuBuffer: device.createBuffer({size, usage: STORAGE_USAGE})});
  return {key: buffer(), value: buffer(), room, row: 0};
}
