/** What may be shown of a text that grows. */
export type Shown = {readonly text: string; readonly isStopped: boolean};

/**
 * Looks for the first of some texts in one that comes in pieces, wherever these are cut. What may be the
 * beginning of such a text is held back until that is known.
 */
export class StopFinder {
  readonly #stops: readonly string[];
  #held = '';

  /** @param stops none of them empty. */
  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  push(piece: string): Shown {
    const text = this.#held + piece;
    const stopAt = firstStop(text, this.#stops);
    if (stopAt !== null) {
      this.#held = '';
      return {text: text.slice(0, stopAt), isStopped: true};
    }
    const heldLength = Math.max(0, ...this.#stops.map((stop) => begunLength(text, stop)));
    this.#held = text.slice(text.length - heldLength);
    return {text: text.slice(0, text.length - heldLength), isStopped: false};
  }

  /** The rest of a text that is over. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}

/** Where the stop begins that is complete first, the longest of such: so it matters not how the text came. */
function firstStop(text: string, stops: readonly string[]): number | null {
  const [first] = stops
    .map((stop) => ({at: text.indexOf(stop), length: stop.length}))
    .filter(({at}) => at !== -1)
    .toSorted((one, other) => one.at + one.length - other.at - other.length || one.at - other.at);
  return first?.at ?? null;
}

/** How much of the end of a text is the beginning of `stop`, but not all of it. */
function begunLength(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
