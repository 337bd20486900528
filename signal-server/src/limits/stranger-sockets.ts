import type {Refusal} from './refusals.ts';

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
  readonly #countBySource = new Map<string, number>();
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
    this.#countBySource.set(entry.source, this.#countOf(entry.source) + 1);
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
      const score = (nowMs - entry.sinceMs) * this.#countOf(entry.source);
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
    if (!this.#entries.delete(entry)) return;
    const left = this.#countOf(entry.source) - 1;
    if (left === 0) this.#countBySource.delete(entry.source);
    else this.#countBySource.set(entry.source, left);
  }

  #countOf(source: string): number {
    return this.#countBySource.get(source) ?? 0;
  }
}
