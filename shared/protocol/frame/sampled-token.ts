import {MalformedFrameError} from './malformed-frame.ts';

export type TokenLogprob = {readonly tokenId: number; readonly logprob: number};

/** One token of the answer, and the likeliest tokens at its place when the client asked for them. */
export type SampledToken = {
  readonly tokenId: number;
  readonly logprob: number;
  /** Best first; as many as `sampling.topLogprobs`. */
  readonly top: readonly TokenLogprob[];
};

/** More than any guess is long. */
export const MAX_SAMPLED_TOKENS = 256;
const ENTRY_BYTES = 8;
const MAX_TOP = 20;

/**
 * The payload of a `sampled` frame, token by token: pairs of u32 id and f32
 * log-probability, the chosen token first. All tokens have as many pairs.
 */
export function encodeSampledTokens(tokens: readonly SampledToken[]): Uint8Array {
  const entries = tokens.flatMap(({tokenId, logprob, top}) => [{tokenId, logprob}, ...top]);
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  entries.forEach((entry, i) => {
    view.setUint32(i * ENTRY_BYTES, entry.tokenId, true);
    view.setFloat32(i * ENTRY_BYTES + 4, entry.logprob, true);
  });
  return bytes;
}

/**
 * The tokens of a `sampled` frame, whose `position` is that of the first.
 *
 * @throws {MalformedFrameError} when the payload is not that of `tokenCount` tokens.
 */
export function decodeSampledTokens({
  payload,
  tokenCount,
}: {
  readonly payload: Uint8Array;
  readonly tokenCount: number;
}): readonly SampledToken[] {
  const entriesEach = payload.byteLength / ENTRY_BYTES / tokenCount;
  const isSized = Number.isInteger(entriesEach) && entriesEach >= 1 && entriesEach <= 1 + MAX_TOP;
  if (!isSized || tokenCount > MAX_SAMPLED_TOKENS) {
    throw new MalformedFrameError(
      `${payload.byteLength} payload bytes for ${tokenCount} sampled tokens`,
    );
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const entry = (i: number): TokenLogprob => ({
    tokenId: view.getUint32(i * ENTRY_BYTES, true),
    logprob: view.getFloat32(i * ENTRY_BYTES + 4, true),
  });
  return Array.from({length: tokenCount}, (_, at) => {
    const first = at * entriesEach;
    const top = Array.from({length: entriesEach - 1}, (_top, i) => entry(first + i + 1));
    return {...entry(first), top};
  });
}
