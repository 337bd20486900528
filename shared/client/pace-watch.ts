/** So many steps in a row are a pace; a hop cannot hold back tokens and then send them at once to look fast. */
const STEPS = 4;

/** How fast the tokens of one chain came, at their best: others wait in the same queues at other times. */
export class PaceWatch {
  #timesMs: readonly number[] = [];
  #stepMs: number | null = null;

  /** Ms between two tokens, the least mean over four in a row; `null` while there were fewer. */
  get stepMs(): number | null {
    return this.#stepMs;
  }

  /** Another chain. */
  begin(): void {
    this.#timesMs = [];
    this.#stepMs = null;
  }

  token(atMs: number): void {
    this.#timesMs = [...this.#timesMs, atMs].slice(-STEPS - 1);
    const [first] = this.#timesMs;
    if (first === undefined || this.#timesMs.length <= STEPS) return;
    this.#stepMs = Math.min(this.#stepMs ?? Infinity, (atMs - first) / STEPS);
  }
}
