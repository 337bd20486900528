import {LEAST_PROGRESS_BYTES} from './patience.ts';

const TICKS = 8;

/**
 * Ends a request that brings too little for too long. It counts ticks of a timer and not
 * the time: while this thread is busy with something else, nothing can arrive, and that is
 * not the server's fault.
 */
export class StallWatch {
  readonly #stalled = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #ticks = 0;
  #bytes = 0;

  constructor(stallMs: number) {
    this.#timer = setInterval(() => {
      this.#ticks += 1;
      if (this.#ticks >= TICKS) this.#stalled.abort();
    }, stallMs / TICKS);
  }

  /** What came since there was last enough. */
  get bytes(): number {
    return this.#bytes;
  }

  get signal(): AbortSignal {
    return this.#stalled.signal;
  }

  /** The server has answered. */
  answered(): void {
    this.#ticks = 0;
  }

  received(byteCount: number): void {
    this.#bytes += byteCount;
    if (this.#bytes < LEAST_PROGRESS_BYTES) return;
    this.#bytes = 0;
    this.#ticks = 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
