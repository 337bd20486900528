import type {PeerId} from '../ids.ts';
import type {PeerTraffic} from './transport.ts';

type Counts = {-readonly [K in keyof PeerTraffic]: PeerTraffic[K]};

/** Counts frames and payload bytes per peer. */
export class TrafficMeter {
  readonly #byPeer = new Map<PeerId, Counts>();

  sent(peerId: PeerId, payloadBytes: number): void {
    const counts = this.#of(peerId);
    counts.sentBytes += payloadBytes;
    counts.sentFrames += 1;
  }

  received(peerId: PeerId, payloadBytes: number): void {
    const counts = this.#of(peerId);
    counts.receivedBytes += payloadBytes;
    counts.receivedFrames += 1;
  }

  violated(peerId: PeerId): void {
    this.#of(peerId).violations += 1;
  }

  read(): readonly PeerTraffic[] {
    return [...this.#byPeer.values()].map((counts) => ({...counts}));
  }

  #of(peerId: PeerId): Counts {
    const held = this.#byPeer.get(peerId);
    if (held !== undefined) return held;
    const counts: Counts = {
      peerId,
      sentBytes: 0,
      sentFrames: 0,
      receivedBytes: 0,
      receivedFrames: 0,
      violations: 0,
    };
    this.#byPeer.set(peerId, counts);
    return counts;
  }
}
