type Options = {
  /** Of each second so much may be spent, 0 to 1. */
  readonly share: number;
  /** Work that is done without a pause. */
  readonly burstMs: number;
};

/** Keeps work to a share of the time, whoever asks for more. No clock: time is an argument. */
export class WorkBudget {
  readonly #share: number;
  readonly #burstMs: number;
  #debtMs = 0;
  #atMs = -Infinity;

  constructor({share, burstMs}: Options) {
    this.#share = share;
    this.#burstMs = burstMs;
  }

  /**
   * Notes work that has been done. One piece counts for at most the burst: what
   * took longer was interrupted, as by a tab that the system stopped.
   *
   * @returns how long to pause before more of it, in ms.
   */
  spend(workMs: number, nowMs: number): number {
    const paidMs = (nowMs - this.#atMs) * this.#share;
    this.#atMs = nowMs;
    this.#debtMs = Math.max(0, this.#debtMs - paidMs) + Math.min(workMs, this.#burstMs);
    return Math.max(0, this.#debtMs - this.#burstMs) / this.#share;
  }
}
