import type {PeerId} from '#shared/base/ids.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {ControlAddress} from '#shared/protocol/frame/control-address.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {Heard} from '#shared/session/serve-hop/hop-machine.ts';
import type {VirtualTime} from './virtual-time.ts';

/** A node or a client on the wire. */
export type VirtualPeer = {
  /** A data frame; virtual ones have no payload. */
  receive(from: PeerId, frame: Frame): void;
  hear(heard: Heard, message: Message): void;
  /** Its link is lost: whoever had to do with it hears of it. */
  peerLeft(peerId: PeerId): void;
};

export type VirtualWireOptions = {
  readonly time: VirtualTime;
  /** One way between two peers; must not change while both are there, so that order is kept. */
  readonly wayMs: (from: PeerId, to: PeerId) => number;
};

/** Links between all peers: everything arrives whole, in order and after its way. */
export class VirtualWire {
  readonly #options: VirtualWireOptions;
  readonly #peers = new Map<PeerId, VirtualPeer>();

  constructor(options: VirtualWireOptions) {
    this.#options = options;
  }

  join(peerId: PeerId, peer: VirtualPeer): void {
    this.#peers.set(peerId, peer);
  }

  /** Nothing reaches it any more; the others notice after a while. */
  leave(peerId: PeerId, noticedAfterMs: number): void {
    this.#peers.delete(peerId);
    this.#options.time.after(noticedAfterMs, () => {
      for (const peer of this.#peers.values()) peer.peerLeft(peerId);
    });
  }

  send(from: PeerId, to: PeerId, frame: Frame): void {
    this.#after(from, to, (peer) => peer?.receive(from, frame));
  }

  tell(from: PeerId, to: PeerId, {sessionId, epoch}: ControlAddress, message: Message): void {
    this.#after(from, to, (peer) => peer?.hear({from, sessionId, epoch}, message));
  }

  /** Tells, and says whether there was anybody to tell. */
  connect(
    envelope: {
      readonly from: PeerId;
      readonly to: PeerId;
      readonly address: ControlAddress;
      readonly message: Message;
    },
    then: (isReached: boolean) => void,
  ): void {
    const {from, to, address, message} = envelope;
    const {sessionId, epoch} = address;
    this.#after(from, to, (peer) => {
      // Who sent it knows before the other can answer.
      then(peer !== null);
      peer?.hear({from, sessionId, epoch}, message);
    });
  }

  #after(from: PeerId, to: PeerId, run: (peer: VirtualPeer | null) => void): void {
    const {time, wayMs} = this.#options;
    time.after(wayMs(from, to), () => {
      run(this.#peers.get(to) ?? null);
    });
  }
}
