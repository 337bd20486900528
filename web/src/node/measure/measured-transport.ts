import type {PeerId} from '#shared/base/ids.ts';
import type {FrameListener, LinkLoss, PeerTraffic, Transport} from '#shared/transport/transport.ts';
import {TransportError} from '#shared/transport/transport.ts';
import type {LinkBook} from './link-book.ts';

/** Shorter frames are over before they tell anything of a rate. */
const LONG_FRAME_BYTES = 16 * 1024;
/** Each peer is asked at most this often. */
const UPLINK_EVERY_MS = 5_000;
/** Steps of an answer follow each other faster, but for a prompt that takes its time. */
const LATELY_MS = 30_000;
const PING_TIMEOUT_MS = 10_000;

type Options = {
  readonly transport: Transport;
  readonly book: LinkBook;
  /** Monotonic, in ms with fractions. */
  readonly stopwatchMs: () => number;
};

/**
 * A transport that notes, in the link book, whom it could not reach, and what
 * long frames went out with. A ping behind a long frame comes back when the
 * other end has taken all of the frame: the time beyond an idle round trip is
 * what its bytes took.
 */
export class MeasuredTransport implements Transport {
  readonly localPeerId: PeerId;
  readonly #inner: Transport;
  readonly #options: Options;
  readonly #lastUplinkMs = new Map<PeerId, number>();
  readonly #lastSentMs = new Map<PeerId, number>();

  constructor(options: Options) {
    this.#options = options;
    this.#inner = options.transport;
    this.localPeerId = options.transport.localPeerId;
    // Whoever is heard is reached, whichever of the two opened the link; what is sent may get nowhere.
    this.#inner.onFrame((from) => {
      options.book.addReached(from);
    });
    this.#inner.onPeerClosed((peer) => {
      this.#lastUplinkMs.delete(peer);
      this.#lastSentMs.delete(peer);
    });
  }

  async connect(to: PeerId, options: {readonly signal: AbortSignal}): Promise<void> {
    const {book} = this.#options;
    try {
      await this.#inner.connect(to, options);
    } catch (error) {
      if (isUnreachable(error)) book.addFailure(to);
      throw error;
    }
  }

  async awaitLink(from: PeerId, options: {readonly signal: AbortSignal}): Promise<void> {
    await this.#inner.awaitLink(from, options);
  }

  async send(
    to: PeerId,
    frame: Uint8Array,
    options: {readonly signal: AbortSignal},
  ): Promise<void> {
    const {byteLength} = frame;
    const isMeasured = byteLength >= LONG_FRAME_BYTES && this.#isTimeFor(to);
    const startMs = this.#options.stopwatchMs();
    await this.#inner.send(to, frame, options);
    this.#lastSentMs.set(to, startMs);
    if (isMeasured) void this.#measureUplink(to, byteLength, startMs);
  }

  async measureRtt(to: PeerId, options: {readonly signal: AbortSignal}): Promise<number> {
    const rttMs = await this.#inner.measureRtt(to, options);
    this.#options.book.addReached(to);
    return rttMs;
  }

  onFrame(listener: FrameListener): () => void {
    return this.#inner.onFrame(listener);
  }

  onPeerClosed(listener: (peer: PeerId, loss: LinkLoss) => void): () => void {
    return this.#inner.onPeerClosed(listener);
  }

  /** Whether a frame went to `peer` not long ago: an answer may run over that link. */
  hasSentLately(peer: PeerId): boolean {
    const sentMs = this.#lastSentMs.get(peer) ?? -Infinity;
    return this.#options.stopwatchMs() - sentMs < LATELY_MS;
  }

  traffic(): readonly PeerTraffic[] {
    return this.#inner.traffic();
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  #isTimeFor(to: PeerId): boolean {
    const nowMs = this.#options.stopwatchMs();
    const lastMs = this.#lastUplinkMs.get(to) ?? -Infinity;
    if (to === this.localPeerId || nowMs - lastMs < UPLINK_EVERY_MS) return false;
    this.#lastUplinkMs.set(to, nowMs);
    return true;
  }

  async #measureUplink(to: PeerId, frameBytes: number, startMs: number): Promise<void> {
    const {book, stopwatchMs} = this.#options;
    const signal = AbortSignal.timeout(PING_TIMEOUT_MS);
    try {
      await this.#inner.measureRtt(to, {signal});
      const takenMs = stopwatchMs() - startMs - (book.leastRttMs(to) ?? 0);
      if (takenMs > 0) book.addUplink((frameBytes * 1000) / takenMs);
    } catch {
      // The link was lost under the frame: its sender hears of that, and there is no rate.
    }
  }
}

function isUnreachable(error: unknown): boolean {
  return (
    error instanceof TransportError &&
    (error.detail.code === 'PEER_UNREACHABLE' || error.detail.code === 'ONLY_RELAYED_PATH')
  );
}
