import type {Refusal} from './refusals.ts';
import {SourceCounts} from './source-counts.ts';

export type StrangerSocket = {
  /** What it counts for, as `SourceAddress.key`. */
  readonly source: string;
  readonly end: () => void;
};

export type WaitingSocket = {
  /** It came one step nearer to a connection. */
  progress(): void;
  /** It is served, connected or closed. Idempotent. */
  leave(): void;
};

type Entry = StrangerSocket & {sinceMs: number};

type Options = {
  readonly maxSockets: number;
  readonly refused: (reason: Refusal) => void;
  readonly now?: () => number;
};

/**
 * The sockets that have not shown what they are good for, at most `maxSockets`.
 *
 * Nobody is refused: one more than that costs the one with the largest product
 * of its silence and the number of sockets of its source. So silence goes before
 * haste, a source that opens ten thousand ends its own, and hundreds behind one
 * address come in as long as they speak. O(maxSockets) for each that is ended.
 */
export class StrangerSockets {
  readonly #entries = new Set<Entry>();
  readonly #counts = new SourceCounts();
  readonly #options: Options;
  readonly #now: () => number;

  constructor(options: Options) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get size(): number {
    return this.#entries.size;
  }

  add(socket: StrangerSocket): WaitingSocket {
    const entry: Entry = {...socket, sinceMs: this.#now()};
    this.#entries.add(entry);
    this.#counts.add(entry.source);
    if (this.#entries.size > this.#options.maxSockets) this.#endOne();
    return {
      progress: () => {
        entry.sinceMs = this.#now();
      },
      leave: () => this.#drop(entry),
    };
  }

  #endOne(): void {
    const nowMs = this.#now();
    let worst: Entry | null = null;
    let worstScore = -1;
    for (const entry of this.#entries) {
      const score = (nowMs - entry.sinceMs) * this.#counts.of(entry.source);
      if (score <= worstScore) continue;
      worst = entry;
      worstScore = score;
    }
    if (worst === null) return;
    this.#drop(worst);
    this.#options.refused('socket-crowded-out');
    worst.end();
  }

  #drop(entry: Entry): void {
    if (this.#entries.delete(entry)) this.#counts.remove(entry.source);
  }
}
