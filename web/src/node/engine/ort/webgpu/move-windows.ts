import {assert} from '#shared/base/assert.ts';
import {WINDOW_SPARE_TOKENS} from '#shared/model/layer-kind.ts';
import {copyPlaces, type KvDevice} from './copy-places.ts';
import {KV_USAGE, type GpuKv} from './gpu-kv-memory.ts';

/** Of the positions that no row of the next piece sees, as many stay: a session may go back so far. */
const KEPT_BEHIND = WINDOW_SPARE_TOKENS / 2;

/**
 * Makes room for a piece in layers with a window: what nobody sees any more is overwritten by what is still seen.
 * onnxruntime's operator attends by places, so positions stay in order and are moved, once in a while.
 */
export function moveWindows(
  on: KvDevice,
  {tokenCount, window, layers}: GpuKv,
  pieceTokens: number,
): void {
  const windowed = layers.filter(({mostKept}) => mostKept < Number.POSITIVE_INFINITY);
  const held = tokenCount - window.firstPosition;
  const full = windowed.filter(({room}) => held + pieceTokens > room);
  if (full.length === 0) return;
  const count = (on.spec.window?.tokens ?? 0) + KEPT_BEHIND;
  const scratch = scratchFor(on, count);
  for (const layer of full) {
    assert(count + pieceTokens <= layer.room, 'a piece fits behind the window');
    copyPlaces(on, {source: layer, target: scratch}, {from: held - count, count});
    copyPlaces(on, {source: scratch, target: layer}, {from: 0, count});
  }
  // After the copies, which have been submitted.
  scratch.key.gpuBuffer.destroy();
  scratch.value.gpuBuffer.destroy();
  window.firstPosition = tokenCount - count;
}

/** Positions cannot be copied within one buffer. */
function scratchFor({device, spec}: KvDevice, room: number) {
  const size = spec.kvHeadCount * room * spec.headSize * Float32Array.BYTES_PER_ELEMENT;
  const buffer = () => ({gpuBuffer: device.createBuffer({size, usage: KV_USAGE})});
  return {key: buffer(), value: buffer(), room};
}
