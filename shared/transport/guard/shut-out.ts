import type {PeerId} from '../../base/ids.ts';

/** How long a peer that flooded this node is not let in again. */
const SHUT_OUT_MS = 60_000;
/** Identities cost nothing: more than these are not worth remembering. */
const MAX_PEERS = 256;

/** Peers that flooded this node a while ago. No clock: time is an argument. */
export class ShutOut {
  /** In the order in which their time ends. */
  readonly #untilMs = new Map<PeerId, number>();

  add(peer: PeerId, nowMs: number): void {
    this.#dropOld(nowMs);
    const [first] = this.#untilMs.keys();
    if (this.#untilMs.size >= MAX_PEERS && first !== undefined) this.#untilMs.delete(first);
    this.#untilMs.delete(peer);
    this.#untilMs.set(peer, nowMs + SHUT_OUT_MS);
  }

  has(peer: PeerId, nowMs: number): boolean {
    return (this.#untilMs.get(peer) ?? -Infinity) > nowMs;
  }

  #dropOld(nowMs: number): void {
    for (const [peer, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(peer);
  }
}
