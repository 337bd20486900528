import type {Stream} from '@libp2p/interface';
import {
  chunksOf,
  encodeWord,
  PING,
  PONG,
  WINDOW_BYTES,
  WORD_BYTES,
  WordReader,
} from './frame-wire.ts';
import {MAX_FRAME_BYTES} from '../protocol/frame.ts';

/** Credit is given back in steps of this size: one small message for many frames. */
const CREDIT_STEP_BYTES = WINDOW_BYTES / 4;
/** Of a long frame all but this much is credited while it arrives, so that it may exceed the window. */
const HELD_BYTES = WINDOW_BYTES / 2;

type Options = {
  readonly stream: Stream;
  /** Settles when the frame has been dealt with; must not reject. */
  readonly onFrame: (frame: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** The peer sent what no honest peer sends; the stream has been aborted. */
  readonly onViolation: () => void;
  readonly onClosed: () => void;
};

type Assembly = {readonly frame: Uint8Array<ArrayBuffer>; filledBytes: number; heldBytes: number};

/** The receiving half of a link: frames in, credit and pongs out. */
export class FrameReceiver {
  readonly #options: Options;
  readonly #words = new WordReader();
  #partial: Assembly | null = null;
  #uncreditedBytes = 0;
  #owedBytes = 0;
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
    const {stream} = options;
    stream.addEventListener('close', () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      options.onClosed();
    });
    stream.addEventListener('message', ({data}) => {
      for (const chunk of chunksOf(data)) this.#receive(chunk);
    });
  }

  abort(cause: Error): void {
    this.#options.stream.abort(cause);
  }

  #receive(chunk: Uint8Array): void {
    this.#uncreditedBytes += chunk.byteLength;
    if (this.#uncreditedBytes > WINDOW_BYTES) {
      this.#violate(`${this.#uncreditedBytes} bytes in a window of ${WINDOW_BYTES}`);
    }
    let rest = chunk;
    while (rest.byteLength > 0 && !this.#isClosed) {
      const usedBytes =
        this.#partial === null ? this.#begin(rest) : this.#fill(this.#partial, rest);
      rest = rest.subarray(usedBytes);
    }
  }

  #begin(chunk: Uint8Array): number {
    const {usedBytes, word} = this.#words.push(chunk);
    if (word === null) return usedBytes;
    if (word === PING) {
      this.#write(PONG);
      this.#credit(WORD_BYTES);
    } else if (word > MAX_FRAME_BYTES) {
      this.#violate(`a frame of ${word} bytes, at most ${MAX_FRAME_BYTES}`);
    } else {
      this.#partial = {frame: new Uint8Array(word), filledBytes: 0, heldBytes: WORD_BYTES};
      if (word === 0) this.#finish(this.#partial);
    }
    return usedBytes;
  }

  #fill(partial: Assembly, chunk: Uint8Array): number {
    const part = chunk.subarray(0, partial.frame.byteLength - partial.filledBytes);
    const earlyBytes = partial.frame.byteLength - HELD_BYTES - partial.filledBytes;
    const creditBytes = Math.min(part.byteLength, Math.max(0, earlyBytes));
    partial.frame.set(part, partial.filledBytes);
    partial.filledBytes += part.byteLength;
    partial.heldBytes += part.byteLength - creditBytes;
    this.#credit(creditBytes);
    if (partial.filledBytes === partial.frame.byteLength) this.#finish(partial);
    return part.byteLength;
  }

  #finish({frame, heldBytes}: Assembly): void {
    this.#partial = null;
    void this.#options.onFrame(frame).finally(() => this.#credit(heldBytes));
  }

  #credit(byteLength: number): void {
    this.#owedBytes += byteLength;
    if (this.#owedBytes < CREDIT_STEP_BYTES || this.#isClosed) return;
    this.#uncreditedBytes -= this.#owedBytes;
    this.#write(this.#owedBytes);
    this.#owedBytes = 0;
  }

  #write(word: number): void {
    try {
      this.#options.stream.send(encodeWord(word));
    } catch {
      // The stream is closing: its close event follows and says so.
    }
  }

  #violate(what: string): void {
    if (this.#isClosed) return;
    this.#options.onViolation();
    this.#options.stream.abort(new Error(`The peer broke the link's rules: ${what}`));
  }
}
