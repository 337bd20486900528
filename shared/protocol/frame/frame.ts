import {asSessionId, type SessionId} from '../../base/ids.ts';
import {MalformedFrameError} from './malformed-frame.ts';

/**
 * One message between two hops: a header of 28 bytes, then the payload. Little endian.
 *
 * | bytes | field |
 * | --- | --- |
 * | 0 | 0x57 |
 * | 1 | kind |
 * | 2 | dtype of the payload |
 * | 3 | flags: 1 = the tail samples after this frame; 2 = it verifies: samples after each token of it |
 * | 4–11 | session id |
 * | 12–15 | epoch: grows with each reroute; a lower one is dropped |
 * | 16–19 | position of the first token |
 * | 20–23 | tokens in the payload |
 * | 24–25 | hop index of the addressee; 0xffff is the client |
 * | 26–27 | 0 |
 */
export const FRAME_HEADER_BYTES = 28;
/** Header included: the activations of some 500 tokens at hidden size 1024 in f16. A longer prompt goes in pieces. */
export const MAX_FRAME_BYTES = 1024 * 1024;
/** Hop index of the client. */
export const CLIENT_HOP = 0xffff;

const MAGIC = 0x57;
const FLAG_SAMPLE = 1;
const FLAG_VERIFY = 2;
/** Far more than any message needs. */
export const MAX_CONTROL_BYTES = 64 * 1024;

/** What a payload holds. */
export type FrameKind =
  /** `u32` ids: a piece of the prompt from the client, or the sampled token from the tail. To the head. */
  | 'tokens'
  /** `[tokenCount, hiddenSize]` in f16 or f32, from one hop to the next. */
  | 'hidden'
  /** One or more sampled tokens with their log-probabilities, from the tail to the client. */
  | 'sampled'
  /** The tokens among which the tail samples the one at this position, from the client (`token-mask.ts`). */
  | 'mask'
  /** One message of `message.ts`, as UTF-8 JSON. */
  | 'control';

export type FrameDtype = 'none' | 'f16' | 'f32' | 'u32';

export type Frame = {
  readonly kind: FrameKind;
  readonly dtype: FrameDtype;
  /** Of `tokens` and `hidden`: the tail samples after the last token. */
  readonly sample: boolean;
  /** Only with `sample`: it samples after each token, so that guessed tokens can be compared. */
  readonly verify: boolean;
  readonly sessionId: SessionId;
  readonly epoch: number;
  readonly position: number;
  readonly tokenCount: number;
  readonly hopIndex: number;
  readonly payload: Uint8Array;
};

const KINDS: readonly FrameKind[] = ['tokens', 'hidden', 'sampled', 'control', 'mask'];
const DTYPES: readonly FrameDtype[] = ['none', 'f16', 'f32', 'u32'];
const ALLOWED_DTYPES: Readonly<Record<FrameKind, readonly FrameDtype[]>> = {
  tokens: ['u32'],
  hidden: ['f16', 'f32'],
  sampled: ['none'],
  control: ['none'],
  mask: ['none', 'u32'],
};
const DTYPE_BYTES: Readonly<Record<FrameDtype, number>> = {none: 0, f16: 2, f32: 4, u32: 4};

/** The wire form of a frame: `FRAME_HEADER_BYTES + payload.byteLength` bytes. */
export function encodeFrame(frame: Frame): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + frame.payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, MAGIC);
  view.setUint8(1, KINDS.indexOf(frame.kind));
  view.setUint8(2, DTYPES.indexOf(frame.dtype));
  view.setUint8(3, (frame.sample ? FLAG_SAMPLE : 0) | (frame.verify ? FLAG_VERIFY : 0));
  view.setBigUint64(4, BigInt(`0x${frame.sessionId}`), true);
  view.setUint32(12, frame.epoch, true);
  view.setUint32(16, frame.position, true);
  view.setUint32(20, frame.tokenCount, true);
  view.setUint16(24, frame.hopIndex, true);
  bytes.set(frame.payload, FRAME_HEADER_BYTES);
  return bytes;
}

/**
 * Reads one frame. The payload is a view into `bytes`, not a copy.
 *
 * The size of a hidden state is checked by the hop, which knows the model.
 *
 * @throws {MalformedFrameError} when `bytes` is not a frame.
 */
export function parseFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength < FRAME_HEADER_BYTES) {
    throw new MalformedFrameError(`${bytes.byteLength} bytes are less than a header`);
  }
  if (bytes.byteLength > MAX_FRAME_BYTES) {
    throw new MalformedFrameError(`${bytes.byteLength} bytes are more than ${MAX_FRAME_BYTES}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== MAGIC) throw new MalformedFrameError('it does not begin with 0x57');
  if (view.getUint16(26, true) !== 0) throw new MalformedFrameError('reserved bytes are set');
  const {kind, dtype} = readKind(view);
  const frame: Frame = {
    kind,
    dtype,
    ...readFlags(view, kind),
    sessionId: asSessionId(view.getBigUint64(4, true).toString(16).padStart(16, '0')),
    epoch: view.getUint32(12, true),
    position: view.getUint32(16, true),
    tokenCount: view.getUint32(20, true),
    hopIndex: view.getUint16(24, true),
    payload: bytes.subarray(FRAME_HEADER_BYTES),
  };
  assertPayloadSize(frame);
  return frame;
}

function readKind(view: DataView): Pick<Frame, 'kind' | 'dtype'> {
  const kind = KINDS[view.getUint8(1)];
  if (kind === undefined) throw new MalformedFrameError(`unknown kind: ${view.getUint8(1)}`);
  const dtype = DTYPES[view.getUint8(2)];
  if (dtype === undefined || !ALLOWED_DTYPES[kind].includes(dtype)) {
    throw new MalformedFrameError(`dtype ${view.getUint8(2)} in a ${kind} frame`);
  }
  return {kind, dtype};
}

function readFlags(view: DataView, kind: FrameKind): Pick<Frame, 'sample' | 'verify'> {
  const flags = view.getUint8(3);
  const sample = (flags & FLAG_SAMPLE) !== 0;
  const verify = (flags & FLAG_VERIFY) !== 0;
  const isKnown = flags <= (FLAG_SAMPLE | FLAG_VERIFY);
  const isData = kind === 'tokens' || kind === 'hidden';
  if (!isKnown || (verify && !sample) || (sample && !isData)) {
    throw new MalformedFrameError(`flags ${flags} in a ${kind} frame`);
  }
  return {sample, verify};
}

function assertPayloadSize({kind, dtype, tokenCount, payload}: Frame): void {
  const {byteLength} = payload;
  if (kind === 'control') {
    if (tokenCount !== 0) throw new MalformedFrameError('a control frame that counts tokens');
    if (byteLength > MAX_CONTROL_BYTES) {
      throw new MalformedFrameError(
        `${byteLength} bytes of control are more than ${MAX_CONTROL_BYTES}`,
      );
    }
    return;
  }
  if (tokenCount === 0) throw new MalformedFrameError(`a ${kind} frame without tokens`);
  const isListed = kind === 'tokens' || (kind === 'mask' && dtype === 'u32');
  if (isListed && byteLength !== tokenCount * DTYPE_BYTES[dtype]) {
    throw new MalformedFrameError(`${byteLength} payload bytes for ${tokenCount} tokens`);
  }
  if (kind === 'hidden' && byteLength % (tokenCount * DTYPE_BYTES[dtype]) !== 0) {
    throw new MalformedFrameError(`${byteLength} payload bytes for ${tokenCount} hidden states`);
  }
}
