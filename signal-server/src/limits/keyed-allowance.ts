import {Allowance} from '#shared/base/allowance.ts';

type Options = ConstructorParameters<typeof Allowance>[0];

/** Beyond that the one that did nothing for longest is forgotten. */
const MAX_KEYS = 4_096;

/** How often each key may do something. */
export class KeyedAllowance {
  readonly #options: Options;
  /** The key that spent last comes last. */
  readonly #allowances = new Map<string, Allowance>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Those of whom something is remembered. */
  get keyCount(): number {
    return this.#allowances.size;
  }

  /** @returns whether `key` may, and counts it when it may. */
  spend(key: string): boolean {
    return this.take(key, 1, performance.now()) === 0;
  }

  /** Takes `count` if it is there. @returns how long until it is, in ms; 0 when it was taken. */
  take(key: string, count: number, nowMs: number): number {
    const allowance = this.#allowances.get(key) ?? new Allowance(this.#options);
    if (!allowance.spend(nowMs, count)) return allowance.waitMs(count);
    this.#allowances.delete(key);
    this.#allowances.set(key, allowance);
    this.#forgetRested(nowMs);
    if (this.#allowances.size > MAX_KEYS) this.#forgetOldest();
    return 0;
  }

  /** Whoever has the whole burst back is as good as new. */
  #forgetRested(nowMs: number): void {
    for (const [key, allowance] of this.#allowances) {
      if (!allowance.isWhole(nowMs)) return;
      this.#allowances.delete(key);
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#allowances.keys();
    if (oldest !== undefined) this.#allowances.delete(oldest);
  }
}
