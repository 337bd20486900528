/** Unix time at which virtual time begins: records contain times that must not be negative. */
export const START_MS = 1_800_000_000_000;

type Due = {readonly atMs: number; readonly order: number; readonly run: () => void};

/** Where things can be put off until their time comes. */
export type TimeLine = {
  /** Since the start of the run. */
  readonly nowMs: number;
  at(atMs: number, run: () => void): void;
  after(delayMs: number, run: () => void): void;
};

/**
 * Virtual time: what is due first runs first, what is due together in the order
 * in which it was asked for. Nothing sleeps. A binary heap: O(log n) per event.
 */
export class VirtualTime implements TimeLine {
  readonly #heap: Due[] = [];
  #nowMs = 0;
  #asked = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs `run` when `atMs` has come; at once, but after all that is due, when it is over. */
  at(atMs: number, run: () => void): void {
    const heap = this.#heap;
    const due = {atMs: Math.max(atMs, this.#nowMs), order: this.#asked, run};
    this.#asked += 1;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !isBefore(due, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = due;
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.#nowMs + delayMs, run);
  }

  /** The same for drivers that may do without a call that they asked for. */
  readonly clock = {
    nowMs: () => this.#nowMs,
    after: (delayMs: number, run: () => void) => {
      let isWanted = true;
      this.after(delayMs, () => {
        if (isWanted) run();
      });
      return () => {
        isWanted = false;
      };
    },
  };

  /** Runs all that is due before `endMs`, which is then the time. */
  runUntil(endMs: number): void {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs >= endMs) break;
      this.#removeFirst();
      this.#nowMs = first.atMs;
      first.run();
    }
    this.#nowMs = endMs;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
