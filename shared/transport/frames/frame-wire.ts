import {PROTOCOL_MAJOR} from '../../protocol/version.ts';

/** libp2p protocol of a link: one stream of it for each direction. */
export const FRAMES_PROTOCOL = `/weft/frames/${PROTOCOL_MAJOR}.0.0`;
/** The same words over a data channel; the stream of this protocol agrees on it, and its end is the end of the link. */
export const CHANNEL_FRAMES_PROTOCOL = `/weft/channel-frames/${PROTOCOL_MAJOR}.0.0`;

/**
 * Words on a link, big-endian u32. Sender to receiver: the length of a frame,
 * then its bytes; or `PING`. Receiver to sender: bytes that it has dealt with
 * since the last such word, 0 as a sign of life; or `PONG`, in the order of the pings.
 */
export const WORD_BYTES = 4;
export const PING = 0xff_ff_ff_ff;
export const PONG = 0xff_ff_ff_ff;
/** A sign of life: no bytes were dealt with. */
export const BEAT = 0;
/** How often a receiver gives one, while frames come and for a while after. */
export const BEAT_MS = 500;
/** A sender waits for signs of life for so long after its last frame. */
export const WATCHED_BEATS = 40;
/** A receiver gives them for longer than anybody waits for them. */
export const GIVEN_BEATS = 60;
/**
 * Bytes, words included, that may be on the way to a receiver which has not
 * dealt with them. Without it a busy receiver's stream is reset at 4 MiB
 * unread, and a burst on a fresh connection stalls for seconds.
 */
export const WINDOW_BYTES = 256 * 1024;

/**
 * The longest message of a data channel: 4 SCTP packets of 1191 bytes, all that Chromium sends of
 * one before it waits for an acknowledgement. Longer ones cost a round trip each.
 */
export const MESSAGE_BYTES = 4608;

export function encodeWord(value: number): Uint8Array {
  const bytes = new Uint8Array(WORD_BYTES);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Collects words out of arbitrary chunks. */
export class WordReader {
  readonly #bytes = new Uint8Array(WORD_BYTES);
  #filled = 0;

  /** @returns the word, once its last byte is there, and how many bytes of `chunk` were used. */
  push(chunk: Uint8Array): {readonly usedBytes: number; readonly word: number | null} {
    const part = chunk.subarray(0, WORD_BYTES - this.#filled);
    this.#bytes.set(part, this.#filled);
    this.#filled += part.byteLength;
    if (this.#filled < WORD_BYTES) return {usedBytes: part.byteLength, word: null};
    this.#filled = 0;
    return {usedBytes: part.byteLength, word: new DataView(this.#bytes.buffer).getUint32(0)};
  }
}
