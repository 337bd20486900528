/**
 * Ticks while something is under way, and for a while after it. Each tick hears whether it came so late
 * that this thread was stopped, or too busy.
 */
export class PulseTimer {
  readonly #tickMs: number;
  readonly #lastsTicks: number;
  readonly #onTick: (tick: {readonly isLate: boolean}) => void;
  readonly #onWake: () => void;
  readonly #onRest: () => void;
  #timer: ReturnType<typeof setInterval> | null = null;
  #ticksLeft = 0;
  #tickedMs = 0;

  constructor(options: {
    readonly tickMs: number;
    /** For so many ticks after the last use. */
    readonly lastsTicks: number;
    readonly onTick: (tick: {readonly isLate: boolean}) => void;
    readonly onWake?: () => void;
    readonly onRest?: () => void;
  }) {
    this.#tickMs = options.tickMs;
    this.#lastsTicks = options.lastsTicks;
    this.#onTick = options.onTick;
    this.#onWake = options.onWake ?? (() => undefined);
    this.#onRest = options.onRest ?? (() => undefined);
  }

  /** Something is under way. */
  use(): void {
    this.#ticksLeft = this.#lastsTicks;
    if (this.#timer !== null) return;
    this.#onWake();
    this.#tickedMs = performance.now();
    this.#timer = setInterval(() => {
      this.#tick();
    }, this.#tickMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    const nowMs = performance.now();
    const isLate = nowMs - this.#tickedMs > 3 * this.#tickMs;
    this.#tickedMs = nowMs;
    this.#onTick({isLate});
    this.#ticksLeft -= 1;
    if (this.#ticksLeft > 0) return;
    this.stop();
    this.#onRest();
  }
}
