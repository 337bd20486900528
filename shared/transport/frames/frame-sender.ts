import {
  encodeWord,
  MESSAGE_BYTES,
  PING,
  PONG,
  WATCHED_BEATS,
  WINDOW_BYTES,
  WORD_BYTES,
  WordReader,
} from './frame-wire.ts';
import type {BytePipe} from './byte-pipe.ts';
import type {SendingEvents, SendingHalf, SendingLimits} from './link-half.ts';
import {LinkPulse} from './link-pulse.ts';
import {PulseTimer} from './pulse-timer.ts';
import {SilentPeerError} from './silent-peer-error.ts';
import {untilAborted} from '../../base/until-aborted.ts';

type Item = {
  /** What is left to send. */
  parts: readonly Uint8Array[];
  hasBegun: boolean;
  readonly reject: (cause: unknown) => void;
  /** The pipe has all of it. */
  readonly onSent: () => void;
};
type PendingPing = {
  readonly sentAtMs: number;
  readonly resolve: (rttMs: number) => void;
  readonly reject: (cause: unknown) => void;
};

type Options = SendingEvents & SendingLimits & {readonly pipe: BytePipe};

/** The sending half of a link: frames out, credit and pongs in. */
export class FrameSender implements SendingHalf {
  readonly #pipe: BytePipe;
  readonly #onViolation: () => void;
  readonly #words = new WordReader();
  #queue: Item[] = [];
  #pings: PendingPing[] = [];
  readonly #pulse = new LinkPulse();
  readonly #watch: PulseTimer;
  #creditBytes = WINDOW_BYTES;
  #isBlocked = false;
  #closed: {readonly cause: unknown} | null = null;

  constructor({pipe, onViolation, onSilent, onClosed, beatMs}: Options) {
    this.#pipe = pipe;
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
    pipe.listen({
      onBytes: (bytes) => {
        this.#receive(bytes);
      },
      onNonsense: (what) => {
        this.#violate(what);
      },
      onDrain: () => {
        this.#isBlocked = false;
        this.#pump();
      },
      onClosed: (cause) => {
        if (this.#closed !== null) return;
        this.#closed = {cause};
        this.#watch.stop();
        for (const waiting of [...this.#queue, ...this.#pings]) waiting.reject(cause);
        this.#queue = [];
        this.#pings = [];
        onClosed(cause);
      },
    });
  }

  async send(frame: Uint8Array, signal: AbortSignal): Promise<void> {
    // The length goes with the first message: what is copied for that is never more than one.
    const first = frame.subarray(0, MESSAGE_BYTES - WORD_BYTES);
    const head = new Uint8Array(WORD_BYTES + first.byteLength);
    head.set(encodeWord(frame.byteLength));
    head.set(first, WORD_BYTES);
    const rest = frame.subarray(first.byteLength);
    if (this.#closed === null) this.#watch.use();
    const parts = rest.byteLength === 0 ? [head] : [head, rest];
    await this.#enqueue<void>(parts, signal, (resolve) => resolve());
  }

  async measureRtt(signal: AbortSignal): Promise<number> {
    return await this.#enqueue<number>([encodeWord(PING)], signal, (resolve, reject) => {
      this.#pings.push({sentAtMs: performance.now(), resolve, reject});
    });
  }

  abort(cause: Error): void {
    this.#pipe.abort(cause);
  }

  async #enqueue<T>(
    parts: readonly Uint8Array[],
    signal: AbortSignal,
    onSent: (resolve: (value: T) => void, reject: (cause: unknown) => void) => void,
  ): Promise<T> {
    signal.throwIfAborted();
    if (this.#closed !== null) throw this.#closed.cause;
    const {promise, resolve, reject} = Promise.withResolvers<T>();
    const item: Item = {
      parts,
      hasBegun: false,
      reject,
      onSent: () => onSent(resolve, reject),
    };
    this.#queue.push(item);
    this.#pump();
    try {
      return await untilAborted(promise, signal);
    } finally {
      // Half a frame cannot be taken back: what has begun is finished, whoever waits for it.
      if (!item.hasBegun) this.#queue = this.#queue.filter((other) => other !== item);
    }
  }

  #pump(): void {
    while (!this.#isBlocked && this.#closed === null) {
      const item = this.#queue[0];
      if (item === undefined || this.#creditBytes === 0) return;
      const [whole = new Uint8Array(), ...later] = item.parts;
      const part = whole.subarray(0, this.#creditBytes);
      const left = whole.subarray(part.byteLength);
      item.parts = left.byteLength === 0 ? later : [left, ...later];
      item.hasBegun = true;
      this.#creditBytes -= part.byteLength;
      this.#write(part);
      if (this.#closed !== null || item.parts.length > 0) continue;
      this.#queue.shift();
      item.onSent();
    }
  }

  #write(part: Uint8Array): void {
    try {
      this.#isBlocked = !this.#pipe.send(part);
    } catch (cause) {
      this.#pipe.abort(new Error('Cannot write to the link', {cause}));
    }
  }

  #receive(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.byteLength > 0) {
      const {usedBytes, word} = this.#words.push(rest);
      rest = rest.subarray(usedBytes);
      if (word !== null) this.#takeWord(word);
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
      this.#violate('the receiver gave back more than it was sent');
    }
  }

  #violate(what: string): void {
    if (this.#closed !== null) return;
    this.#onViolation();
    this.#pipe.abort(new Error(`The peer broke the link's rules: ${what}`));
  }
}
