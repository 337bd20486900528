import {Allowance} from '#shared/base/allowance.ts';

type Options = ConstructorParameters<typeof Allowance>[0];

/** Beyond that the one that did nothing for longest is forgotten. */
const MAX_KEYS = 4_096;

/** How often each key may do something. */
export class KeyedAllowance {
  readonly #options: Options;
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
    const allowance = this.#allowances.get(key) ?? new Allowance(this.#options);
    if (!allowance.spend(performance.now())) return false;
    this.#allowances.delete(key);
    this.#allowances.set(key, allowance);
    if (this.#allowances.size > MAX_KEYS) this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    const [oldest] = this.#allowances.keys();
    if (oldest !== undefined) this.#allowances.delete(oldest);
  }
}
