import {Allowance} from '../../base/allowance.ts';

type Options = {
  /** Of each second so much may be spent, 0 to 1. */
  readonly share: number;
  /** Work that is done without a pause. */
  readonly burstMs: number;
};

/** Keeps work to a share of the time, whoever asks for more. No clock: time is an argument. */
export class WorkBudget {
  readonly #burstMs: number;
  readonly #allowedMs: Allowance;

  constructor({share, burstMs}: Options) {
    this.#burstMs = burstMs;
    this.#allowedMs = new Allowance({perSec: share * 1000, burst: burstMs});
  }

  /**
   * Notes work that has been done. One piece counts for at most the burst: what
   * took longer was interrupted, as by a tab that the system stopped.
   *
   * @returns how long to pause before more of it, in ms.
   */
  spend(workMs: number, nowMs: number): number {
    this.#allowedMs.take(nowMs, Math.min(workMs, this.#burstMs));
    return this.#allowedMs.waitMs();
  }
}
