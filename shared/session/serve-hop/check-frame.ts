import type {ModelSpec} from '#shared/model/model-spec.ts';
import {FRAME_HEADER_BYTES, MAX_FRAME_BYTES, type Frame} from '#shared/protocol/frame/frame.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {decodeTokenIds} from '#shared/protocol/frame/token-ids.ts';

const F16_EXPONENT = 0x7c00;
const F32_EXPONENT = 0x7f800000;

/**
 * What is wrong with a data frame for this hop, or `null`: the head takes token
 * ids, every other hop hidden states of the model's width, all finite.
 */
export function checkFrame(
  frame: Frame,
  {isHead, spec}: {readonly isHead: boolean; readonly spec: ModelSpec},
): RefusalCode | null {
  if (frame.kind !== (isHead ? 'tokens' : 'hidden')) return 'BAD_PAYLOAD';
  // Its result must fit one frame, and one step must not hold the engine for a whole context.
  if (FRAME_HEADER_BYTES + frame.tokenCount * spec.hiddenSize * 4 > MAX_FRAME_BYTES) {
    return 'BAD_PAYLOAD';
  }
  if (frame.kind === 'tokens') {
    const known = decodeTokenIds(frame.payload).every((id) => id < spec.vocabularySize);
    return known ? null : 'BAD_PAYLOAD';
  }
  const valueBytes = frame.dtype === 'f16' ? 2 : 4;
  if (frame.payload.byteLength !== frame.tokenCount * spec.hiddenSize * valueBytes) {
    return 'BAD_PAYLOAD';
  }
  return isFinitePayload(frame) ? null : 'BAD_PAYLOAD';
}

function isFinitePayload({dtype, payload}: Frame): boolean {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (dtype === 'f16') {
    for (let i = 0; i < payload.byteLength; i += 2) {
      if ((view.getUint16(i, true) & F16_EXPONENT) === F16_EXPONENT) return false;
    }
    return true;
  }
  for (let i = 0; i < payload.byteLength; i += 4) {
    if ((view.getUint32(i, true) & F32_EXPONENT) === F32_EXPONENT) return false;
  }
  return true;
}
