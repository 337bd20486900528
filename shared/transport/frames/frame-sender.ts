import type {Stream} from '@libp2p/interface';
import {
  chunksOf,
  encodeWord,
  PING,
  PONG,
  WATCHED_BEATS,
  WINDOW_BYTES,
  WORD_BYTES,
  WordReader,
} from './frame-wire.ts';
import {LinkPulse} from './link-pulse.ts';
import {PulseTimer} from './pulse-timer.ts';
import {SilentPeerError} from './silent-peer-error.ts';
import {untilAborted} from '../../base/until-aborted.ts';

type Item = {
  readonly bytes: Uint8Array;
  sentBytes: number;
  readonly reject: (cause: unknown) => void;
  /** The stream has all of it. */
  readonly onSent: () => void;
};
type PendingPing = {
  readonly sentAtMs: number;
  readonly resolve: (rttMs: number) => void;
  readonly reject: (cause: unknown) => void;
};

type Options = {
  readonly stream: Stream;
  /** The peer sent what no honest peer sends; the stream is aborted next. */
  readonly onViolation: () => void;
  /** The peer gives no sign of life any more; the stream is aborted next. */
  readonly onSilent: (cause: Error) => void;
  /** Called once, when the stream ends, with the reason if it did not end well. */
  readonly onClosed: (cause: unknown) => void;
  /** How often the peer gives a sign of life. */
  readonly beatMs: number;
};

/** The sending half of a link: frames out, credit and pongs in. */
export class FrameSender {
  readonly #stream: Stream;
  readonly #onViolation: () => void;
  readonly #words = new WordReader();
  #queue: Item[] = [];
  #pings: PendingPing[] = [];
  readonly #pulse = new LinkPulse();
  readonly #watch: PulseTimer;
  #creditBytes = WINDOW_BYTES;
  #isBlocked = false;
  #closed: {readonly cause: unknown} | null = null;

  constructor({stream, onViolation, onSilent, onClosed, beatMs}: Options) {
    this.#stream = stream;
    this.#onViolation = onViolation;
    this.#watch = new PulseTimer({
      tickMs: beatMs,
      lastsTicks: WATCHED_BEATS,
      onTick: (tick) => {
        if (!this.#pulse.tick(tick)) return;
        const cause = new SilentPeerError('The peer gives no sign of life any more');
        onSilent(cause);
        this.abort(cause);
      },
      onWake: () => {
        this.#pulse.wake();
      },
      onRest: () => {
        this.#pulse.rest();
      },
    });
    // `stream.onDrain()` resolves at once after its first use (@libp2p/utils 7.4.1): listen instead.
    stream.addEventListener('drain', () => {
      this.#isBlocked = false;
      this.#pump();
    });
    stream.addEventListener('message', ({data}) => this.#receive(data));
    stream.addEventListener('close', ({error}) => {
      if (this.#closed !== null) return;
      this.#closed = {cause: error};
      this.#watch.stop();
      for (const waiting of [...this.#queue, ...this.#pings]) waiting.reject(error);
      this.#queue = [];
      this.#pings = [];
      onClosed(error);
    });
  }

  /** Resolves once the stream has all of the frame. Rejects with the reason of `signal`, or of the end of the stream. */
  async send(frame: Uint8Array, signal: AbortSignal): Promise<void> {
    const bytes = new Uint8Array(WORD_BYTES + frame.byteLength);
    bytes.set(encodeWord(frame.byteLength));
    bytes.set(frame, WORD_BYTES);
    if (this.#closed === null) this.#watch.use();
    await this.#enqueue<void>(bytes, signal, (resolve) => resolve());
  }

  /** Round trip of a ping behind what is queued, in ms. */
  async measureRtt(signal: AbortSignal): Promise<number> {
    return await this.#enqueue<number>(encodeWord(PING), signal, (resolve, reject) => {
      this.#pings.push({sentAtMs: performance.now(), resolve, reject});
    });
  }

  abort(cause: Error): void {
    this.#stream.abort(cause);
  }

  async #enqueue<T>(
    bytes: Uint8Array,
    signal: AbortSignal,
    onSent: (resolve: (value: T) => void, reject: (cause: unknown) => void) => void,
  ): Promise<T> {
    signal.throwIfAborted();
    if (this.#closed !== null) throw this.#closed.cause;
    const {promise, resolve, reject} = Promise.withResolvers<T>();
    const item = {bytes, sentBytes: 0, reject, onSent: () => onSent(resolve, reject)};
    this.#queue.push(item);
    this.#pump();
    try {
      return await untilAborted(promise, signal);
    } finally {
      // Half a frame cannot be taken back: what has begun is finished, whoever waits for it.
      if (item.sentBytes === 0) this.#queue = this.#queue.filter((other) => other !== item);
    }
  }

  #pump(): void {
    while (!this.#isBlocked && this.#closed === null) {
      const item = this.#queue[0];
      if (item === undefined || this.#creditBytes === 0) return;
      const part = item.bytes.subarray(item.sentBytes, item.sentBytes + this.#creditBytes);
      item.sentBytes += part.byteLength;
      this.#creditBytes -= part.byteLength;
      this.#write(part);
      if (this.#closed !== null || item.sentBytes < item.bytes.byteLength) continue;
      this.#queue.shift();
      item.onSent();
    }
  }

  #write(part: Uint8Array): void {
    try {
      this.#isBlocked = !this.#stream.send(part);
    } catch (cause) {
      this.#stream.abort(new Error('Cannot write to the link', {cause}));
    }
  }

  #receive(data: Uint8Array | Iterable<Uint8Array>): void {
    for (const chunk of chunksOf(data)) {
      let rest = chunk;
      while (rest.byteLength > 0) {
        const {usedBytes, word} = this.#words.push(rest);
        rest = rest.subarray(usedBytes);
        if (word !== null) this.#takeWord(word);
      }
    }
    this.#pump();
  }

  #takeWord(word: number): void {
    this.#pulse.beat();
    if (word === PONG) {
      const ping = this.#pings.shift();
      ping?.resolve(performance.now() - ping.sentAtMs);
      return;
    }
    this.#creditBytes += word;
    if (this.#creditBytes > WINDOW_BYTES) {
      this.#onViolation();
      this.#stream.abort(new Error('The receiver gave back more than it was sent'));
    }
  }
}
