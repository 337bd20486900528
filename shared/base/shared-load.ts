/**
 * One load for all who want its result; one that failed is begun again by the next who does:
 * the network may be back.
 */
export class SharedLoad<T> {
  readonly #load: () => Promise<T>;
  #loading: Promise<T> | null = null;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Whether it is under way, or done. */
  get hasBegun(): boolean {
    return this.#loading !== null;
  }

  get(): Promise<T> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }
}
