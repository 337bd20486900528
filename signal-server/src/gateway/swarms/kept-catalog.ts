import {SharedLoad} from '#shared/base/shared-load.ts';
import type {Catalog} from '#shared/model/manifest/catalog.ts';

/** A site that changes is noticed so soon. */
const MOST_AGE_MS = 1_000;

/** The catalogue of the site, as it was a second ago at most: of a crowd, nobody waits for the loads of all others. */
export class KeptCatalog {
  readonly #load: () => Promise<Catalog>;
  readonly #nowMs: () => number;
  #loading: SharedLoad<Catalog>;
  #staleAtMs = -Infinity;

  /** @param nowMs monotonic. */
  constructor(load: () => Promise<Catalog>, nowMs: () => number) {
    this.#load = load;
    this.#nowMs = nowMs;
    this.#loading = new SharedLoad(load);
  }

  /** @throws what loading it throws; the next who asks has it loaded again. */
  async get(): Promise<Catalog> {
    const nowMs = this.#nowMs();
    if (nowMs >= this.#staleAtMs) {
      this.#loading = new SharedLoad(this.#load);
      this.#staleAtMs = nowMs + MOST_AGE_MS;
    }
    return await this.#loading.get();
  }
}
