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
 * address come in as long as they speak. O(sources) for each that is ended.
 */
export class StrangerSockets {
  /** Of each source, the longest silent first. */
  readonly #sources = new Map<string, Set<Entry>>();
  #size = 0;
  readonly #options: Options;
  readonly #now: () => number;

  constructor(options: Options) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get size(): number {
    return this.#size;
  }

  add(socket: StrangerSocket): WaitingSocket {
    const entry: Entry = {...socket, sinceMs: this.#now()};
    const ofSource = this.#sources.get(entry.source) ?? new Set();
    this.#sources.set(entry.source, ofSource.add(entry));
    this.#size += 1;
    if (this.#size > this.#options.maxSockets) this.#endOne();
    return {
      progress: () => {
        if (!ofSource.delete(entry)) return;
        entry.sinceMs = this.#now();
        ofSource.add(entry);
      },
      leave: () => this.#drop(entry),
    };
  }

  #endOne(): void {
    const nowMs = this.#now();
    let worst: Entry | null = null;
    let worstScore = -1;
    for (const ofSource of this.#sources.values()) {
      const [longestSilent] = ofSource;
      if (longestSilent === undefined) continue;
      const score = (nowMs - longestSilent.sinceMs) * ofSource.size;
      if (score <= worstScore) continue;
      worst = longestSilent;
      worstScore = score;
    }
    if (worst === null) return;
    this.#drop(worst);
    this.#options.refused('socket-crowded-out');
    worst.end();
  }

  #drop(entry: Entry): void {
    const ofSource = this.#sources.get(entry.source);
    if (ofSource?.delete(entry) !== true) return;
    this.#size -= 1;
    if (ofSource.size === 0) this.#sources.delete(entry.source);
  }
}
