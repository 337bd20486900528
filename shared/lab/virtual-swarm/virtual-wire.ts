import type {PeerId} from '#shared/base/ids.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {ControlAddress} from '#shared/protocol/frame/control-address.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {Heard} from '#shared/session/serve-hop/hop-machine.ts';
import {LINK_WAIT_MS} from '#shared/transport/connect-timeout.ts';
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

/** Links between all peers: everything arrives whole, in order and after its way, until packets vanish. */
export class VirtualWire {
  readonly #options: VirtualWireOptions;
  readonly #peers = new Map<PeerId, VirtualPeer>();
  /** Pairs whose packets vanish. */
  readonly #cut = new Set<string>();
  /** Those who have been silent for so long that their links were ended. */
  readonly #silent = new Set<PeerId>();

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

  /** From now on packets between the two vanish; both notice after a while, and cannot dial each other. */
  cut(a: PeerId, b: PeerId, noticedAfterMs: number): void {
    this.#cut.add(pairOf(a, b));
    this.#options.time.after(noticedAfterMs, () => {
      if (!this.#cut.has(pairOf(a, b))) return;
      this.#peers.get(a)?.peerLeft(b);
      this.#peers.get(b)?.peerLeft(a);
    });
  }

  heal(a: PeerId, b: PeerId): void {
    this.#cut.delete(pairOf(a, b));
  }

  /** A peer has been silent for too long: all end their links to it, and cannot dial it. */
  endLinks(silent: PeerId): void {
    this.#silent.add(silent);
    for (const [peerId, peer] of this.#peers) {
      if (peerId === silent) continue;
      peer.peerLeft(silent);
      this.#peers.get(silent)?.peerLeft(peerId);
    }
  }

  /** A peer that was silent can be dialled again. */
  hearAgain(peerId: PeerId): void {
    this.#silent.delete(peerId);
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
    if (!this.#isOpen(from, to)) {
      this.#options.time.after(LINK_WAIT_MS, () => {
        then(false);
      });
      return;
    }
    this.#after(from, to, (peer) => {
      // Who sent it knows before the other can answer.
      then(peer !== null);
      peer?.hear({from, sessionId, epoch}, message);
    });
  }

  /** Calls back where there is a way to somebody. */
  reach(from: PeerId, to: PeerId, then: () => void): void {
    this.#after(from, to, (peer) => {
      if (peer !== null) then();
    });
  }

  #after(from: PeerId, to: PeerId, run: (peer: VirtualPeer | null) => void): void {
    const {time, wayMs} = this.#options;
    time.after(wayMs(from, to), () => {
      if (this.#isOpen(from, to)) run(this.#peers.get(to) ?? null);
    });
  }

  #isOpen(from: PeerId, to: PeerId): boolean {
    return from === to || !(this.#cut.has(pairOf(from, to)) || this.#silent.has(to));
  }
}

function pairOf(a: PeerId, b: PeerId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
