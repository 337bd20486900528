type Options = {
  readonly perSec: number;
  /** How many may come at once. */
  readonly burst: number;
};

/** How much of something somebody may do: a burst, then so much a second. No clock: time is an argument. */
export class Allowance {
  readonly #perSec: number;
  readonly #burst: number;
  #left: number;
  #atMs = -Infinity;

  constructor({perSec, burst}: Options) {
    this.#perSec = perSec;
    this.#burst = burst;
    this.#left = burst;
  }

  /** What may be taken at `nowMs`, with fractions; negative while the allowance is overdrawn. */
  leftAt(nowMs: number): number {
    const earned = ((nowMs - this.#atMs) / 1000) * this.#perSec;
    this.#left = Math.min(this.#burst, this.#left + earned);
    this.#atMs = nowMs;
    return this.#left;
  }

  /** Takes `count`, whether it is there or not. @returns by how much the allowance is overdrawn; 0 while it is not. */
  take(nowMs: number, count = 1): number {
    this.#left = this.leftAt(nowMs) - count;
    return Math.max(0, -this.#left);
  }

  /** Takes `count` if it is there. @returns whether it was. */
  spend(nowMs: number, count = 1): boolean {
    if (this.leftAt(nowMs) < count) return false;
    this.#left -= count;
    return true;
  }

  /** How long until `count` is there, in ms from the last look; by default until nothing is overdrawn. */
  waitMs(count = 0): number {
    return (Math.max(0, count - this.#left) / this.#perSec) * 1000;
  }

  /** The whole burst is there: nothing would change without this object. */
  isWhole(nowMs: number): boolean {
    return this.leftAt(nowMs) >= this.#burst;
  }
}
