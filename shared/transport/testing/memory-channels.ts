import type {Connection} from '@libp2p/interface';
import type {PipeEvents} from '../frames/byte-pipe.ts';
import type {HalfReport} from '../channel/half-port.ts';
import type {
  HalfAtChannel,
  LinkChannels,
  OpenedChannel,
  OpenedSubflow,
} from '../channel/link-channels.ts';
import {serveHalf} from '../channel/serve-half.ts';
import {SubflowPipe, type Subflow} from '../subflow/subflow-pipe.ts';

type MemoryConditions = {
  /** One way. */
  readonly delayMs: number;
  /** What has not left of anything, at any time. */
  readonly waitingBytes: number;
};

/** Memory has no channels to transfer. */
const refuse = () => Promise.reject(new Error('A data channel came from nowhere'));

/** Data channels between the nodes of one process. */
export class MemoryChannels {
  readonly #waiting = new Map<string, MemoryPipe>();
  /** To a half, by the port that leads to it. */
  readonly #addTo = new Map<MessagePort, (subflow: Subflow) => void>();
  readonly #subflows: MemoryPipe[] = [];
  readonly #conditions: MemoryConditions;

  constructor(conditions: MemoryConditions = {delayMs: 0, waitingBytes: 0}) {
    this.#conditions = conditions;
  }

  /** Pairs of ends. */
  get subflowCount(): number {
    return this.#subflows.length / 2;
  }

  get messagesOverSecond(): number {
    return this.#subflows.reduce((sum, {sentMessages}) => sum + sentMessages, 0);
  }

  /** Those of one node. */
  of(localPeerId: string): LinkChannels & {readonly lose: (reason: Error) => void} {
    const lost = new AbortController();
    return {
      fits: () => !lost.signal.aborted,
      open: ({remotePeer}: Connection, channelId, half) =>
        this.#serve(this.pipe([localPeerId, remotePeer.toString()], channelId), half, lost.signal),
      openSubflow: ({remotePeer}: Connection, {port}) =>
        this.#subflow([localPeerId, remotePeer.toString()], port),
      lose: (reason) => {
        lost.abort(reason);
      },
    };
  }

  /** This peer's end of a channel; whoever asks second gets the other one. */
  pipe(peers: readonly [string, string], channelId: number | string): MemoryPipe {
    const key = [...peers.toSorted(), channelId].join(' ');
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      this.#waiting.delete(key);
      return waiting;
    }
    const [own, other] = [new MemoryPipe(this.#conditions), new MemoryPipe(this.#conditions)];
    own.join(other);
    other.join(own);
    this.#waiting.set(key, other);
    return own;
  }

  #serve(first: Subflow, half: HalfAtChannel, lost: AbortSignal): OpenedChannel {
    const {port1, port2} = new MessageChannel();
    const pipe = new SubflowPipe(first);
    serveHalf({pipe, half, port: port2, addSubflow: refuse, onEnded: () => undefined});
    port2.postMessage({kind: 'opened'} satisfies HalfReport);
    this.#addTo.set(port1, (subflow) => {
      pipe.add(subflow);
      port2.postMessage({kind: 'subflow-opened'} satisfies HalfReport);
    });
    return {port: port1, lost};
  }

  #subflow(peers: readonly [string, string], port: MessagePort): OpenedSubflow {
    let pipe: MemoryPipe | null = null;
    return {
      describe: (offer = `subflow ${this.#subflows.length}`) => {
        pipe = this.pipe(peers, offer);
        this.#subflows.push(pipe);
        this.#addTo.get(port)?.(pipe);
        return Promise.resolve(offer);
      },
      accept: () => Promise.resolve(),
      close: () => pipe?.abort(new Error('The subflow is closed')),
    };
  }
}

export class MemoryPipe implements Subflow {
  readonly waitingBytes: number;
  readonly #delayMs: number;
  sentMessages = 0;
  sentProbes = 0;
  #other: MemoryPipe | null = null;
  #events: PipeEvents | null = null;
  #early: Uint8Array[] = [];
  #isClosed = false;

  constructor({delayMs, waitingBytes}: MemoryConditions) {
    this.#delayMs = delayMs;
    this.waitingBytes = waitingBytes;
  }

  join(other: MemoryPipe): void {
    this.#other = other;
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  listen(events: PipeEvents): void {
    this.#events = events;
    for (const bytes of this.#early.splice(0)) events.onBytes(bytes);
  }

  send(bytes: Uint8Array): boolean {
    if (this.#isClosed) throw new Error('The channel is closed');
    const copy = bytes.slice();
    this.sentMessages += 1;
    const arrive = (): void => this.#other?.take(copy);
    if (this.#delayMs === 0) setImmediate(arrive);
    else setTimeout(arrive, this.#delayMs);
    return true;
  }

  probe(): void {
    this.sentProbes += 1;
  }

  /** Sends what no honest peer sends. */
  sendNonsense(what: string): void {
    setImmediate(() => this.#other?.nonsense(what));
  }

  abort(cause: Error): void {
    this.end(cause);
    setImmediate(() => this.#other?.end(new Error('The peer has closed the channel', {cause})));
  }

  take(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#events === null) this.#early.push(bytes);
    else this.#events.onBytes(bytes);
  }

  nonsense(what: string): void {
    if (!this.#isClosed) this.#events?.onNonsense(what);
  }

  end(cause: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events?.onClosed(cause);
  }
}
