type Options = {
  readonly perSecond: number;
  /** So many at once after a rest. */
  readonly burst: number;
};

/** Beyond that the one that did nothing for longest is forgotten. */
const MAX_KEYS = 4_096;

/** How often each key may do something. */
export class Allowance {
  readonly #options: Options;
  readonly #left = new Map<string, {readonly count: number; readonly atMs: number}>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Those of whom something is remembered. */
  get keyCount(): number {
    return this.#left.size;
  }

  /** @returns whether `key` may, and counts it when it may. */
  spend(key: string): boolean {
    const atMs = performance.now();
    const count = this.#leftOf(key, atMs);
    if (count < 1) return false;
    this.#left.delete(key);
    this.#left.set(key, {count: count - 1, atMs});
    if (this.#left.size > MAX_KEYS) this.#forgetOldest();
    return true;
  }

  #leftOf(key: string, nowMs: number): number {
    const {burst, perSecond} = this.#options;
    const held = this.#left.get(key);
    if (held === undefined) return burst;
    return Math.min(burst, held.count + ((nowMs - held.atMs) / 1000) * perSecond);
  }

  #forgetOldest(): void {
    const [oldest] = this.#left.keys();
    if (oldest !== undefined) this.#left.delete(oldest);
  }
}
