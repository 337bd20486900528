import type {PeerId} from '../../base/ids.ts';
import {TransportBase} from '../transport-base.ts';
import {
  checkFrameLength,
  linkLost,
  peerUnreachable,
  transportClosed,
  type LinkLoss,
  type Transport,
} from '../transport.ts';
import {untilAborted} from '../../base/until-aborted.ts';
import {WINDOW_BYTES} from '../frames/frame-wire.ts';

/** Transports in one process that reach each other, and a switch for what they may reach. */
export class MemoryNetwork {
  readonly #members = new Map<PeerId, MemoryTransport>();

  join(peerId: PeerId): Transport {
    const transport = new MemoryTransport(peerId, this.#members);
    this.#members.set(peerId, transport);
    return transport;
  }

  /** Loses the link between two members, as a closed tab or a dead network would. */
  cut(a: PeerId, b: PeerId): void {
    this.#members.get(a)?.lose(b, 'closed');
    this.#members.get(b)?.lose(a, 'closed');
  }

  /** One of two members hears nothing of the other any more, who has not noticed yet. */
  silence(hearing: PeerId, silent: PeerId): void {
    this.#members.get(hearing)?.lose(silent, 'silent');
  }

  /** A member that is gone without a word: nobody reaches it. */
  leave(peerId: PeerId): void {
    this.#members.delete(peerId);
  }
}

/** What is on its way from one member to another. */
type Lane = {
  unhandledBytes: number;
  /** Settles when the sender before has put its frame on the lane. */
  turn: Promise<void>;
  /** Settles when a frame has been dealt with; replaced then. */
  progress: PromiseWithResolvers<void>;
  readonly lost: AbortController;
};

class MemoryTransport extends TransportBase implements Transport {
  readonly #members: Map<PeerId, MemoryTransport>;
  readonly #lanes = new Map<PeerId, Lane>();
  /** Links that are waited for. */
  readonly #awaited = new Map<PeerId, PromiseWithResolvers<void>>();
  #isClosed = false;

  constructor(localPeerId: PeerId, members: Map<PeerId, MemoryTransport>) {
    super(localPeerId);
    this.#members = members;
  }

  async connect(to: PeerId, {signal}: {readonly signal: AbortSignal}): Promise<void> {
    this.#throwIfClosed();
    signal.throwIfAborted();
    this.#laneTo(to);
  }

  async awaitLink(from: PeerId, {signal}: {readonly signal: AbortSignal}): Promise<void> {
    this.#throwIfClosed();
    if (this.#lanes.has(from) || from === this.localPeerId) return;
    const linked = this.#awaited.get(from) ?? Promise.withResolvers<void>();
    this.#awaited.set(from, linked);
    await untilAborted(linked.promise, signal);
  }

  async send(
    to: PeerId,
    frame: Uint8Array,
    {signal}: {readonly signal: AbortSignal},
  ): Promise<void> {
    const {byteLength} = frame;
    checkFrameLength(byteLength);
    this.#throwIfClosed();
    signal.throwIfAborted();
    const lane = this.#laneTo(to);
    await this.#waitForRoom(to, lane, signal);
    lane.unhandledBytes += byteLength;
    this.meter.sent(to, byteLength);
    const taken = takeOver(frame);
    queueMicrotask(() => void this.#deliver(to, lane, taken));
  }

  async measureRtt(to: PeerId, options: {readonly signal: AbortSignal}): Promise<number> {
    await this.connect(to, options);
    const startMs = performance.now();
    await Promise.resolve();
    return performance.now() - startMs;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#members.delete(this.localPeerId);
    this.forgetListeners();
    for (const peer of this.#lanes.keys()) {
      this.#members.get(peer)?.lose(this.localPeerId, 'closed');
      this.lose(peer, 'closed');
    }
  }

  lose(peer: PeerId, loss: LinkLoss): void {
    const lane = this.#lanes.get(peer);
    if (lane === undefined) return;
    this.#lanes.delete(peer);
    lane.lost.abort();
    if (peer === this.localPeerId) return;
    this.linkEnded(peer, loss);
  }

  async #deliver(to: PeerId, lane: Lane, frame: Uint8Array<ArrayBuffer>): Promise<void> {
    if (lane.lost.signal.aborted) return;
    const {byteLength} = frame;
    await this.#members.get(to)?.deliver(this.localPeerId, frame);
    lane.unhandledBytes -= byteLength;
    lane.progress.resolve();
    lane.progress = Promise.withResolvers();
  }

  /** A link has two lanes, so that its loss is noticed on both sides. */
  #laneTo(peer: PeerId): Lane {
    const other = this.#members.get(peer);
    if (other === undefined) throw peerUnreachable(peer, 0);
    other.#laneOf(this.localPeerId);
    return this.#laneOf(peer);
  }

  #laneOf(peer: PeerId): Lane {
    const held = this.#lanes.get(peer);
    if (held !== undefined) return held;
    const lane: Lane = {
      unhandledBytes: 0,
      turn: Promise.resolve(),
      progress: Promise.withResolvers(),
      lost: new AbortController(),
    };
    this.#lanes.set(peer, lane);
    this.#awaited.get(peer)?.resolve();
    this.#awaited.delete(peer);
    return lane;
  }

  async #waitForRoom(to: PeerId, lane: Lane, signal: AbortSignal): Promise<void> {
    const before = lane.turn;
    const mine = Promise.withResolvers<void>();
    lane.turn = mine.promise;
    const either = AbortSignal.any([signal, lane.lost.signal]);
    try {
      await untilAborted(before, either);
      // To oneself there is no window: whoever handles a frame may be the one who sends the next.
      while (to !== this.localPeerId && lane.unhandledBytes >= WINDOW_BYTES) {
        await untilAborted(lane.progress.promise, either);
      }
    } catch (cause) {
      signal.throwIfAborted();
      throw linkLost(to, {cause});
    } finally {
      // Whoever gave up leaves the turn to the next, but not before those in front.
      void before.then(mine.resolve);
    }
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw transportClosed();
  }
}

/** Whoever sent it has it no more, as over a real link: who looks at it afterwards finds that out here. */
function takeOver(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const {buffer, byteLength} = frame;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isWhole ? new Uint8Array(buffer.transfer()) : new Uint8Array(frame);
}
