import type {PeerId} from '#shared/base/ids.ts';

/** When the newest record of a peer that is in the snapshot was published; `null`: the snapshot has none of it. */
export type PublishedAtMs = (peerId: PeerId) => number | null;

/** So near are the clocks of two tabs, both set by the server's; no tab is back sooner. */
const CLOCKS_AGREE_MS = 500;

/**
 * Peers that have closed their link to this client: their tabs are closed, or have to say otherwise. Their last
 * records live on for a while, and count for nothing.
 */
export class ClosedPeers {
  readonly #publishedAtMs: PublishedAtMs;
  readonly #unixMs: () => number;
  /** What a peer published until then counts for nothing. */
  readonly #closedMs = new Map<PeerId, number>();

  /** @param unixMs on the clock of the records. */
  constructor(publishedAtMs: PublishedAtMs, unixMs: () => number) {
    this.#publishedAtMs = publishedAtMs;
    this.#unixMs = unixMs;
  }

  add(peerId: PeerId): void {
    const lastMs = this.#publishedAtMs(peerId);
    // What it published just before may come later than the news that it is closed.
    const closedMs = this.#unixMs() + CLOCKS_AGREE_MS;
    if (lastMs !== null) this.#closedMs.set(peerId, Math.max(lastMs, closedMs));
  }

  /** There is a link to it again. */
  remove(peerId: PeerId): void {
    this.#closedMs.delete(peerId);
  }

  /** Those that have published nothing since. */
  list(): readonly PeerId[] {
    for (const [peerId, closedMs] of this.#closedMs) {
      const lastMs = this.#publishedAtMs(peerId);
      if (lastMs === null || lastMs > closedMs) this.#closedMs.delete(peerId);
    }
    return [...this.#closedMs.keys()];
  }
}
