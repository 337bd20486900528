import {MalformedFrameError} from './malformed-frame.ts';

export type TokenLogprob = {readonly tokenId: number; readonly logprob: number};

/** One token of the answer, and the likeliest tokens at its place when the client asked for them. */
export type SampledToken = {
  readonly tokenId: number;
  readonly logprob: number;
  /** Best first; as many as `sampling.topLogprobs`. */
  readonly top: readonly TokenLogprob[];
};

const ENTRY_BYTES = 8;
const MAX_TOP = 20;

/** The payload of a `sampled` frame: pairs of u32 id and f32 log-probability, the chosen token first. */
export function encodeSampledToken({tokenId, logprob, top}: SampledToken): Uint8Array {
  const entries = [{tokenId, logprob}, ...top];
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  entries.forEach((entry, i) => {
    view.setUint32(i * ENTRY_BYTES, entry.tokenId, true);
    view.setFloat32(i * ENTRY_BYTES + 4, entry.logprob, true);
  });
  return bytes;
}

/** @throws {MalformedFrameError} when the payload is no sampled token. */
export function decodeSampledToken(payload: Uint8Array): SampledToken {
  const count = payload.byteLength / ENTRY_BYTES;
  if (!Number.isInteger(count) || count < 1 || count > 1 + MAX_TOP) {
    throw new MalformedFrameError(`${payload.byteLength} payload bytes in a sampled frame`);
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const entry = (i: number): TokenLogprob => ({
    tokenId: view.getUint32(i * ENTRY_BYTES, true),
    logprob: view.getFloat32(i * ENTRY_BYTES + 4, true),
  });
  return {...entry(0), top: Array.from({length: count - 1}, (_, i) => entry(i + 1))};
}
