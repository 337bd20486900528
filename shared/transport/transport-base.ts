import type {PeerId} from '../base/ids.ts';
import {Listeners} from '../base/listeners.ts';
import {TrafficMeter} from './traffic-meter.ts';
import type {FrameListener, LinkLoss, PeerTraffic} from './transport.ts';

/** What every transport does alike: who listens to it, and what passed. */
export abstract class TransportBase {
  readonly localPeerId: PeerId;
  protected readonly meter = new TrafficMeter();
  readonly #frames = new Listeners<[from: PeerId, frame: Uint8Array<ArrayBuffer>]>();
  readonly #lost = new Listeners<[peer: PeerId, loss: LinkLoss]>();

  constructor(localPeerId: PeerId) {
    this.localPeerId = localPeerId;
  }

  onFrame(listener: FrameListener): () => void {
    return this.#frames.add(listener);
  }

  onPeerClosed(listener: (peer: PeerId, loss: LinkLoss) => void): () => void {
    return this.#lost.add(listener);
  }

  traffic(): readonly PeerTraffic[] {
    return this.meter.read();
  }

  /** Settles when all listeners have dealt with the frame: until then its sender has no room for more. */
  protected async deliver(from: PeerId, frame: Uint8Array<ArrayBuffer>): Promise<void> {
    this.meter.received(from, frame.byteLength);
    await this.#frames.callAndWait(from, frame);
  }

  protected linkEnded(peer: PeerId, loss: LinkLoss): void {
    this.#lost.call(peer, loss);
  }

  /** Whoever closed a transport hears no more of it. */
  protected forgetListeners(): void {
    this.#frames.clear();
    this.#lost.clear();
  }
}
