import type {Connection} from '@libp2p/interface';
import type {BytePipe, PipeEvents} from '../frames/byte-pipe.ts';
import type {HalfReport} from '../channel/half-port.ts';
import type {HalfAtChannel, LinkChannels, OpenedChannel} from '../channel/link-channels.ts';
import {serveHalf} from '../channel/serve-half.ts';

/** Data channels between the nodes of one process. */
export class MemoryChannels {
  readonly #waiting = new Map<string, MemoryPipe>();

  /** Those of one node. */
  of(localPeerId: string): LinkChannels & {readonly lose: (reason: Error) => void} {
    const lost = new AbortController();
    return {
      fits: () => !lost.signal.aborted,
      open: ({remotePeer}: Connection, channelId, half) =>
        serve(this.pipe([localPeerId, remotePeer.toString()], channelId), half, lost.signal),
      lose: (reason) => {
        lost.abort(reason);
      },
    };
  }

  /** This peer's end of a channel; whoever asks second gets the other one. */
  pipe(peers: readonly [string, string], channelId: number): MemoryPipe {
    const key = [...peers.toSorted(), channelId].join(' ');
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      this.#waiting.delete(key);
      return waiting;
    }
    const [own, other] = [new MemoryPipe(), new MemoryPipe()];
    own.join(other);
    other.join(own);
    this.#waiting.set(key, other);
    return own;
  }
}

function serve(pipe: BytePipe, half: HalfAtChannel, lost: AbortSignal): OpenedChannel {
  const {port1, port2} = new MessageChannel();
  serveHalf({pipe, half, port: port2, onEnded: () => undefined});
  port2.postMessage({kind: 'opened'} satisfies HalfReport);
  return {port: port1, lost};
}

class MemoryPipe implements BytePipe {
  #other: MemoryPipe | null = null;
  #events: PipeEvents | null = null;
  #early: Uint8Array[] = [];
  #isClosed = false;

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
    setImmediate(() => this.#other?.take(copy));
    return true;
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
