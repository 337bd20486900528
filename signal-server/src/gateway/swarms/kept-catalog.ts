import {SharedLoad} from '#shared/base/shared-load.ts';
import type {Catalog} from '#shared/model/manifest/catalog.ts';

/** A site that changes is looked at so soon. */
const MOST_AGE_MS = 1_000;
/** What is no older does for a moment, while the site is looked at. */
const USABLE_MS = 60_000;

/**
 * The catalogue of the site. It is asked for over HTTP, and of a crowd that comes at once its answer would come
 * behind all of them: so whoever asks for a model has what is known, and only an unknown one waits for news.
 */
export class KeptCatalog {
  readonly #load: () => Promise<Catalog>;
  readonly #nowMs: () => number;
  #loading: SharedLoad<Catalog>;
  #staleAtMs = -Infinity;
  #known: {readonly catalog: Catalog; readonly atMs: number} | null = null;

  /** @param nowMs monotonic. */
  constructor(load: () => Promise<Catalog>, nowMs: () => number) {
    this.#load = load;
    this.#nowMs = nowMs;
    this.#loading = new SharedLoad(load);
  }

  /** As it was a minute ago at most. @throws what loading it throws, where none is known. */
  async known(): Promise<Catalog> {
    const known = this.#known;
    const newest = this.newest();
    if (known === null || this.#nowMs() - known.atMs >= USABLE_MS) return await newest;
    newest.catch(() => undefined); // Whoever needs it hears so.
    return known.catalog;
  }

  /** As it was a second ago at most. @throws what loading it throws; the next who asks has it loaded again. */
  async newest(): Promise<Catalog> {
    const nowMs = this.#nowMs();
    if (nowMs >= this.#staleAtMs) {
      this.#loading = new SharedLoad(this.#load);
      this.#staleAtMs = nowMs + MOST_AGE_MS;
    }
    const catalog = await this.#loading.get();
    if (this.#known?.catalog !== catalog) this.#known = {catalog, atMs: nowMs};
    return catalog;
  }
}
