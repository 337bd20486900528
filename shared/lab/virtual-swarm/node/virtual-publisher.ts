import {RECORD_REFRESH_MS, type NodeRecord} from '#shared/protocol/node-record.ts';
import type {VirtualDirectory} from '../virtual-directory.ts';
import {START_MS, type TimeLine} from '../virtual-time.ts';

export type VirtualPublisherOptions = {
  readonly time: TimeLine;
  readonly directory: VirtualDirectory;
  readonly clockSkewMs: number;
  /** Least time between two records. */
  readonly publishEveryMs: number;
  /** What the node says of itself, signed at `seq`. */
  readonly describe: (seq: number) => NodeRecord;
};

/** Publishes one node's record on change and before expiry, as a real tab's publisher does. */
export class VirtualPublisher {
  readonly #options: VirtualPublisherOptions;
  #record: NodeRecord | null = null;
  #seq = 0;
  #publishedMs = -Infinity;
  #isPublishing = false;
  #isStopped = false;
  /** The listeners for the next record. */
  #waiting: (() => void)[] = [];

  constructor(options: VirtualPublisherOptions) {
    this.#options = options;
  }

  /** What the node's clock shows. */
  get clockMs(): number {
    const {time, clockSkewMs} = this.#options;
    return Math.floor(START_MS + time.nowMs + clockSkewMs);
  }

  /** When it published last, by its own clock. */
  get publishedAtMs(): number {
    return this.#seq;
  }

  /** The last record, as others read it; `null` when they would not. */
  get record(): NodeRecord | null {
    return this.#record;
  }

  /** What changes together is one record, and records keep a least distance. */
  publishSoon(onPublished?: () => void): void {
    const {time, publishEveryMs} = this.#options;
    if (onPublished !== undefined) this.#waiting.push(onPublished);
    if (this.#isPublishing || this.#isStopped) return;
    this.#isPublishing = true;
    time.at(this.#publishedMs + publishEveryMs, () => {
      this.#isPublishing = false;
      this.#publish();
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  #publish(): void {
    if (this.#isStopped) return;
    const {time, directory, describe} = this.#options;
    const {nowMs} = time;
    this.#publishedMs = nowMs;
    this.#seq = Math.max(this.#seq + 1, this.clockMs);
    this.#record = directory.publish(describe(this.#seq), nowMs);
    time.after(RECORD_REFRESH_MS, () => {
      if (this.#publishedMs === nowMs) this.#publish();
    });
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }
}
