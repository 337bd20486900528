import type {PeerId} from '../base/ids.ts';
import type {PeerTraffic} from './transport.ts';

type Counts = {-readonly [K in keyof PeerTraffic]: PeerTraffic[K]};

/** Peers come and go for as long as a tab is open; those that were quiet for the longest are forgotten. */
const MAX_PEERS = 256;

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
    if (held !== undefined) {
      this.#byPeer.delete(peerId); // To the end: the first is the one quiet for the longest.
      this.#byPeer.set(peerId, held);
      return held;
    }
    const [quietest] = this.#byPeer.keys();
    if (this.#byPeer.size >= MAX_PEERS && quietest !== undefined) this.#byPeer.delete(quietest);
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
