/** What a server says of the time, and what asking it took. */
export type ClockReading = {
  /** Unix ms on the server's clock, at some moment of the round trip. */
  readonly serverNowMs: number;
  readonly roundTripMs: number;
};

type Options = {
  /** Ms since any moment; never set, but may stop while the machine sleeps. */
  readonly stopwatchMs: () => number;
  /** Unix ms of this machine, however wrong. */
  readonly wallMs: () => number;
};

/** Wall clock and stopwatch that went further apart than this: one was set, or the other slept. */
const MAX_APART_MS = 2_000;

/**
 * The time by which all records are dated: the server's, continued by a
 * stopwatch. What the wall clock of this machine says, and whoever sets it, has
 * no influence; that it moved against the stopwatch is only a hint to read the
 * server's clock again, as after a sleep during which the stopwatch stopped.
 */
export class SwarmClock {
  readonly #stopwatchMs: () => number;
  readonly #wallMs: () => number;
  /** Server time at zero of the stopwatch; `null` before the first reading. */
  #zeroMs: number | null = null;
  /** How far `zeroMs` may be off, by the round trip of its reading. */
  #doubtMs = Infinity;
  #apartMs: number;

  constructor(options: Options) {
    this.#stopwatchMs = options.stopwatchMs;
    this.#wallMs = options.wallMs;
    this.#apartMs = this.#readApartMs();
  }

  /** Unix ms on the server's clock, whole; by the wall clock before the first reading. */
  nowMs(): number {
    return Math.round(this.#zeroMs === null ? this.#wallMs() : this.#zeroMs + this.#stopwatchMs());
  }

  /** Takes a reading that has just arrived. One that cannot know better changes nothing. */
  anchor({serverNowMs, roundTripMs}: ClockReading): void {
    this.#apartMs = this.#readApartMs();
    const doubtMs = roundTripMs / 2;
    const zeroMs = serverNowMs + doubtMs - this.#stopwatchMs();
    const shiftMs = this.#zeroMs === null ? Infinity : Math.abs(zeroMs - this.#zeroMs);
    if (doubtMs >= this.#doubtMs && shiftMs <= doubtMs + this.#doubtMs) return;
    this.#zeroMs = zeroMs;
    this.#doubtMs = doubtMs;
  }

  /** Whether something happened to the clocks of this machine since the last reading. */
  isDoubtful(): boolean {
    return Math.abs(this.#readApartMs() - this.#apartMs) > MAX_APART_MS;
  }

  #readApartMs(): number {
    return this.#wallMs() - this.#stopwatchMs();
  }
}

/** The clock of a page or a process, before its first reading. */
export function createSwarmClock(): SwarmClock {
  return new SwarmClock({stopwatchMs: () => performance.now(), wallMs: () => Date.now()});
}
