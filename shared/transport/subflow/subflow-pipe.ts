import type {BytePipe, PipeEvents} from '../frames/byte-pipe.ts';
import {MESSAGE_BYTES, WINDOW_BYTES} from '../frames/frame-wire.ts';

/** A pipe that keeps messages apart: each `send` of at most `MESSAGE_BYTES` arrives as one, also without a byte. */
export interface Subflow extends BytePipe {
  /** What has not left yet. */
  readonly waitingBytes: number;
  /** Sends a packet behind all that was sent, which nobody needs and which may be lost. */
  probe(): void;
}

/** An SCTP sender takes a packet for lost when three after it have arrived, or a timer of 0.4 s and more is over. */
const PROBES = 3;

/** From here on, messages come in turn over both. */
const DIVIDED = new Uint8Array();

type Incoming = {
  readonly subflow: Subflow;
  /** Messages whose turn has not come. */
  readonly early: Uint8Array[];
};

/**
 * Over one subflow, and from some message on over two in turn: after a loss, the window of each has to
 * hold half of a frame only. Nothing is added to the bytes: a message without any says when it begins,
 * and from then on the order of turns is the order of messages.
 */
export class SubflowPipe implements BytePipe {
  readonly #first: Incoming;
  #second: Incoming | null = null;
  #events: PipeEvents | null = null;
  #isDividing = false;
  #isDivided = false;
  /** Whose turn it is. */
  #nextOut: Incoming;
  #nextIn: Incoming;
  readonly #full = new Set<Subflow>();
  /** What was sent over since the last probes. */
  readonly #unprobed = new Set<Subflow>();
  #isClosed = false;

  constructor(first: Subflow) {
    this.#first = {subflow: first, early: []};
    this.#nextOut = this.#first;
    this.#nextIn = this.#first;
  }

  /** What has not left yet. */
  get waitingBytes(): number {
    return this.#first.subflow.waitingBytes + (this.#second?.subflow.waitingBytes ?? 0);
  }

  listen(events: PipeEvents): void {
    this.#events = events;
    this.#listenTo(this.#first);
  }

  /** A second subflow, which nothing has passed yet. The end of it is nothing before it is used. */
  add(subflow: Subflow): void {
    if (this.#second !== null || this.#isClosed) {
      subflow.abort(new Error('There is no use for another subflow'));
      return;
    }
    this.#second = {subflow, early: []};
    this.#listenTo(this.#second);
  }

  /** From here on messages leave over both in turn; the peer's end of the second is open. */
  divide(): void {
    if (this.#second === null || this.#isDividing) return;
    this.#first.subflow.send(DIVIDED);
    this.#isDividing = true;
    this.#nextOut = this.#second;
  }

  send(bytes: Uint8Array): boolean {
    if (!this.#isDividing) {
      this.#sendOver(this.#first, bytes);
      return this.#full.size === 0;
    }
    for (let at = 0; at < bytes.byteLength; at += MESSAGE_BYTES) {
      this.#sendOver(this.#nextOut, bytes.subarray(at, at + MESSAGE_BYTES));
      this.#probeSoon(this.#nextOut.subflow);
      this.#nextOut = this.#after(this.#nextOut);
    }
    return this.#full.size === 0;
  }

  abort(cause: Error): void {
    this.#end(cause);
  }

  #listenTo(incoming: Incoming): void {
    const {subflow} = incoming;
    subflow.listen({
      onBytes: (bytes) => {
        this.#take(incoming, bytes);
      },
      onNonsense: (what) => this.#events?.onNonsense(what),
      onDrain: () => {
        this.#full.delete(subflow);
        if (this.#full.size === 0) this.#events?.onDrain();
      },
      onClosed: (cause) => {
        const isUsed = incoming === this.#first || this.#isDividing || this.#isDivided;
        if (isUsed) this.#end(cause);
        else this.#second = null;
      },
    });
  }

  #sendOver({subflow}: Incoming, bytes: Uint8Array): void {
    if (!subflow.send(bytes)) this.#full.add(subflow);
  }

  /** Behind the last of all that is sent now. */
  #probeSoon(subflow: Subflow): void {
    if (this.#unprobed.size === 0) {
      queueMicrotask(() => {
        for (const each of this.#isClosed ? [] : this.#unprobed) {
          for (let probe = 0; probe < PROBES; probe += 1) each.probe();
        }
        this.#unprobed.clear();
      });
    }
    this.#unprobed.add(subflow);
  }

  #after(incoming: Incoming): Incoming {
    return incoming === this.#first ? (this.#second ?? this.#first) : this.#first;
  }

  #take(incoming: Incoming, bytes: Uint8Array): void {
    incoming.early.push(bytes);
    for (;;) {
      // Whose turn it is may change with each message.
      const next = this.#nextIn.early.shift();
      if (next === undefined) break;
      this.#takeInTurn(next);
    }
    if (this.#earlyBytes() > WINDOW_BYTES) {
      this.#events?.onNonsense(`more than ${WINDOW_BYTES} bytes before their turn`);
    }
  }

  #takeInTurn(bytes: Uint8Array): void {
    if (bytes.byteLength > 0) {
      if (this.#isDivided) this.#nextIn = this.#after(this.#nextIn);
      this.#events?.onBytes(bytes);
    } else if (this.#second === null || this.#isDivided) {
      this.#events?.onNonsense('a message without a byte');
    } else {
      this.#isDivided = true;
      this.#nextIn = this.#second;
    }
  }

  #earlyBytes(): number {
    const early = [...this.#first.early, ...(this.#second?.early ?? [])];
    return early.reduce((sum, {byteLength}) => sum + byteLength, 0);
  }

  #end(cause: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const why = cause instanceof Error ? cause : new Error('A subflow has ended', {cause});
    this.#first.subflow.abort(why);
    this.#second?.subflow.abort(why);
    this.#events?.onClosed(cause);
  }
}
