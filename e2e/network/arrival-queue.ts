type Arrival = {readonly atMs: number; readonly arrive: () => void};

/** What is under way on one line: arrives at its time, in the order in which it was sent. */
export class ArrivalQueue {
  readonly #underWay: Arrival[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** @param atMs by `performance.now()`, none before that of what was sent earlier. */
  push(atMs: number, arrive: () => void): void {
    this.#underWay.push({atMs, arrive});
    if (this.#timer === null) this.#arriveDue();
  }

  /** What is under way never arrives. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#underWay.length = 0;
  }

  #arriveDue(): void {
    this.#timer = null;
    for (let next = this.#underWay[0]; next !== undefined; next = this.#underWay[0]) {
      const waitMs = next.atMs - performance.now();
      if (waitMs > 0) {
        // Timers cut fractions off, which would look again too early, over and over.
        this.#timer = setTimeout(() => {
          this.#arriveDue();
        }, Math.ceil(waitMs));
        return;
      }
      this.#underWay.shift();
      next.arrive();
    }
  }
}
