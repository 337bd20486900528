import {
  BEAT,
  encodeWord,
  GIVEN_BEATS,
  PING,
  PONG,
  WINDOW_BYTES,
  WORD_BYTES,
  WordReader,
} from './frame-wire.ts';
import type {BytePipe} from './byte-pipe.ts';
import type {ReceivingEvents, ReceivingHalf, ReceivingLimits} from './link-half.ts';
import {PulseTimer} from './pulse-timer.ts';
import {Allowance} from '../../base/allowance.ts';
import {MAX_FRAME_BYTES} from '../../protocol/frame/frame.ts';

/** Credit is given back in steps of this size: one small message for many frames. */
const CREDIT_STEP_BYTES = WINDOW_BYTES / 4;
/** Of a long frame all but this much is credited while it arrives, so that it may exceed the window. */
const HELD_BYTES = WINDOW_BYTES / 2;
/** A neighbour measures once a second, a few times a second when it has just come. */
const PINGS = {perSec: 5, burst: 50};
/** Ten answers at the speed of a reader's eye, many times over. */
const FRAMES = {perSec: 2_000, burst: 4_000};
/** A peer that has sent so many more than that does not wait for credit. */
const MAX_FRAMES_TOO_MANY = 4_000;
/** Room that a frame has before its bytes are there. */
const FIRST_BYTES = 64 * 1024;

type Options = ReceivingEvents & ReceivingLimits & {readonly pipe: BytePipe};

type Assembly = {
  /** Grows as bytes come: to announce a long frame costs nobody memory. */
  frame: Uint8Array<ArrayBuffer>;
  readonly byteLength: number;
  filledBytes: number;
  heldBytes: number;
};

/** The receiving half of a link: frames in, credit and pongs out. */
export class FrameReceiver implements ReceivingHalf {
  readonly #options: Options;
  readonly #words = new WordReader();
  #partial: Assembly | null = null;
  readonly #pings = new Allowance(PINGS);
  readonly #frames = new Allowance(FRAMES);
  readonly #beats: PulseTimer;
  #uncreditedBytes = 0;
  #owedBytes = 0;
  #isClosed = false;
  #lastByteMs = 0;
  #stallTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: Options) {
    this.#options = options;
    const {pipe, beatMs} = options;
    this.#beats = new PulseTimer({
      tickMs: beatMs,
      lastsTicks: GIVEN_BEATS,
      onTick: () => {
        this.#write(BEAT);
      },
      // At once: a peer that was never heard is not missed either.
      onWake: () => {
        this.#write(BEAT);
      },
    });
    pipe.listen({
      onBytes: (bytes) => {
        this.#receive(bytes);
      },
      onNonsense: (what) => {
        this.#violate(what);
      },
      onDrain: () => undefined, // What is sent here is too little to fill anything.
      onClosed: (cause) => {
        if (this.#isClosed) return;
        this.#isClosed = true;
        clearTimeout(this.#stallTimer);
        this.#beats.stop();
        options.onClosed(cause);
      },
    });
  }

  abort(cause: Error): void {
    this.#options.pipe.abort(cause);
  }

  #receive(chunk: Uint8Array): void {
    this.#lastByteMs = performance.now();
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
    if (this.#partial !== null) this.#watchForStall();
  }

  #begin(chunk: Uint8Array): number {
    const {usedBytes, word} = this.#words.push(chunk);
    if (word === null) return usedBytes;
    if (word === PING) {
      if (this.#pings.take(this.#lastByteMs) > 0) this.#flood('pings');
      this.#write(PONG);
      this.#credit(WORD_BYTES);
    } else if (word > MAX_FRAME_BYTES) {
      this.#violate(`a frame of ${word} bytes, at most ${MAX_FRAME_BYTES}`);
    } else {
      this.#beats.use();
      if (this.#frames.take(this.#lastByteMs) > MAX_FRAMES_TOO_MANY) this.#flood('frames');
      const frame = new Uint8Array(Math.min(word, FIRST_BYTES));
      this.#partial = {frame, byteLength: word, filledBytes: 0, heldBytes: WORD_BYTES};
      if (word === 0) this.#finish(this.#partial);
    }
    return usedBytes;
  }

  #fill(partial: Assembly, chunk: Uint8Array): number {
    const part = chunk.subarray(0, partial.byteLength - partial.filledBytes);
    const earlyBytes = partial.byteLength - HELD_BYTES - partial.filledBytes;
    const creditBytes = Math.min(part.byteLength, Math.max(0, earlyBytes));
    makeRoom(partial, part.byteLength);
    partial.frame.set(part, partial.filledBytes);
    partial.filledBytes += part.byteLength;
    partial.heldBytes += part.byteLength - creditBytes;
    this.#credit(creditBytes);
    if (partial.filledBytes === partial.byteLength) this.#finish(partial);
    return part.byteLength;
  }

  #finish({frame, heldBytes}: Assembly): void {
    this.#partial = null;
    void this.#options.onFrame(frame).finally(() => {
      const waitMs = this.#frames.waitMs();
      if (waitMs === 0) this.#credit(heldBytes);
      // A peer that sends faster than the other reads is slowed down by its own window.
      else setTimeout(() => this.#credit(heldBytes), waitMs);
    });
  }

  #watchForStall(): void {
    const {stallMs} = this.#options;
    this.#stallTimer ??= setTimeout(() => {
      this.#stallTimer = undefined;
      if (this.#partial === null || this.#isClosed) return;
      const silentMs = performance.now() - this.#lastByteMs;
      if (silentMs < stallMs) this.#watchForStall();
      else this.abort(new Error(`A frame made no progress for ${Math.round(silentMs)} ms`));
    }, stallMs);
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
      this.#options.pipe.send(encodeWord(word));
    } catch {
      // The pipe is closing: its close event follows and says so.
    }
  }

  #flood(what: string): void {
    if (this.#isClosed) return;
    this.#violate(`too many ${what}`);
    this.#options.onFlood(`The peer flooded this node with ${what}`);
  }

  #violate(what: string): void {
    if (this.#isClosed) return;
    this.#options.onViolation();
    this.#options.pipe.abort(new Error(`The peer broke the link's rules: ${what}`));
  }
}

function makeRoom(partial: Assembly, byteLength: number): void {
  const neededBytes = partial.filledBytes + byteLength;
  if (neededBytes <= partial.frame.byteLength) return;
  const roomBytes = Math.min(
    partial.byteLength,
    Math.max(neededBytes, 2 * partial.frame.byteLength),
  );
  const frame = new Uint8Array(roomBytes);
  frame.set(partial.frame.subarray(0, partial.filledBytes));
  partial.frame = frame;
}
