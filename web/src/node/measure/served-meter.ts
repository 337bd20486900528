import type {NodeRecord} from '#shared/protocol/node-record.ts';

const HOUR = {bucketMs: 60_000, bucketCount: 60};
const LAST_TEN_SECONDS = {bucketMs: 1_000, bucketCount: 10};

/** Counts of events in the last `bucketCount` buckets of time, the current one among them. */
class WindowCount {
  readonly #bucketMs: number;
  readonly #bucketCount: number;
  readonly #counts = new Map<number, number>();

  constructor({bucketMs, bucketCount}: typeof HOUR) {
    this.#bucketMs = bucketMs;
    this.#bucketCount = bucketCount;
  }

  add(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
  }

  count(nowMs: number): number {
    const oldest = Math.floor(nowMs / this.#bucketMs) - this.#bucketCount + 1;
    let sum = 0;
    for (const [bucket, count] of this.#counts) {
      if (bucket < oldest) this.#counts.delete(bucket);
      else sum += count;
    }
    return sum;
  }
}

/** What this tab has done as the tail of chains lately, for its record. Time is an argument. */
export class ServedMeter {
  readonly #answers = new WindowCount(HOUR);
  readonly #tokens = new WindowCount(LAST_TEN_SECONDS);

  /** @param isFirst of its answer. */
  sampled({isFirst}: {readonly isFirst: boolean}, nowMs: number): void {
    this.#tokens.add(nowMs);
    if (isFirst) this.#answers.add(nowMs);
  }

  read(nowMs: number): NodeRecord['served'] {
    const windowSec = (LAST_TEN_SECONDS.bucketMs * LAST_TEN_SECONDS.bucketCount) / 1000;
    const answersLastHour = this.#answers.count(nowMs);
    const tokensPerSec = this.#tokens.count(nowMs) / windowSec;
    return answersLastHour + tokensPerSec === 0 ? null : {answersLastHour, tokensPerSec};
  }
}
