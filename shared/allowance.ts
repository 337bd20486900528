type Options = {
  readonly perSec: number;
  /** How many may come at once. */
  readonly burst: number;
};

/** How many things of a kind somebody may send: a burst, then so many a second. No clock: time is an argument. */
export class Allowance {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #atMs = -Infinity;

  constructor({perSec, burst}: Options) {
    this.#perMs = perSec / 1000;
    this.#burst = burst;
    this.#left = burst;
  }

  /** Takes one. @returns by how many the allowance is overdrawn now; 0 while it is not. */
  take(nowMs: number): number {
    const earned = (nowMs - this.#atMs) * this.#perMs;
    this.#atMs = nowMs;
    this.#left = Math.min(this.#burst, this.#left + earned) - 1;
    return Math.max(0, -this.#left);
  }

  /** How long until nothing is overdrawn any more, in ms. */
  get waitMs(): number {
    return Math.max(0, -this.#left) / this.#perMs;
  }
}
