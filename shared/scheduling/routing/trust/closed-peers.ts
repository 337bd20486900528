import type {PeerId} from '#shared/base/ids.ts';

/** When the newest record of a peer that is in the snapshot was published; `null`: the snapshot has none of it. */
export type PublishedAtMs = (peerId: PeerId) => number | null;

/**
 * Peers that have closed their link to this client: their tabs are closed, or have to say otherwise. Their last
 * records live on for a while, and count for nothing.
 */
export class ClosedPeers {
  readonly #publishedAtMs: PublishedAtMs;
  readonly #lastMs = new Map<PeerId, number>();

  constructor(publishedAtMs: PublishedAtMs) {
    this.#publishedAtMs = publishedAtMs;
  }

  add(peerId: PeerId): void {
    const lastMs = this.#publishedAtMs(peerId);
    if (lastMs !== null) this.#lastMs.set(peerId, lastMs);
  }

  /** There is a link to it again. */
  remove(peerId: PeerId): void {
    this.#lastMs.delete(peerId);
  }

  /** Those that have published nothing since. */
  list(): readonly PeerId[] {
    for (const [peerId, lastMs] of this.#lastMs) {
      if (this.#publishedAtMs(peerId) !== lastMs) this.#lastMs.delete(peerId);
    }
    return [...this.#lastMs.keys()];
  }
}
