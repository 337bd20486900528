/** Tokens that every answer has had before the window begins, and that the longest has left when it ends. */
const STEADY = 4;

/** Times are of one monotonic clock, in ms. */
export type WindowOfTokens = {
  readonly startMs: number;
  readonly endMs: number;
  /** Heard after `startMs`, up to `endMs`, of all answers. */
  readonly tokens: number;
};

/**
 * From one token to another, while all answers go on and the browser is traced. Both ends are tokens: those that
 * a run gave are heard together, so as many of the first run are outside as of the last.
 */
export class SteadyWindow {
  readonly #sessions: number;
  readonly #tokens: number;
  readonly #counts = new Map<number, number>();
  #state: 'before' | 'asked' | 'traced' | 'during' | 'after' = 'before';
  #startMs = Number.NaN;
  #endMs = Number.NaN;
  #heard = 0;

  /** @param options.tokens that each answer has. */
  constructor({sessions, tokens}: {readonly sessions: number; readonly tokens: number}) {
    this.#sessions = sessions;
    this.#tokens = tokens;
  }

  /** One token more of an answer. @returns what to do with the trace now. */
  hear(answer: number, atMs: number): 'start' | 'stop' | null {
    this.#counts.set(answer, (this.#counts.get(answer) ?? 0) + 1);
    const counts = [...this.#counts.values()];
    switch (this.#state) {
      case 'before':
        if (counts.length < this.#sessions || Math.min(...counts) < STEADY) return null;
        this.#state = 'asked';
        return 'start';
      case 'traced':
        this.#state = 'during';
        this.#startMs = atMs;
        return null;
      case 'during':
        this.#heard += 1;
        if (Math.max(...counts) < this.#tokens - STEADY) return null;
        this.#state = 'after';
        this.#endMs = atMs;
        return 'stop';
      default:
        return null;
    }
  }

  /** The browser is traced from now on: it takes a while to begin, and what runs until then is in no trace. */
  begin(): void {
    this.#state = 'traced';
  }

  /** `null` when the answers were over before it was. */
  get window(): WindowOfTokens | null {
    if (this.#state !== 'after') return null;
    return {startMs: this.#startMs, endMs: this.#endMs, tokens: this.#heard};
  }
}
