import type {HopServed} from '#shared/protocol/control/hop-served.ts';
import {RunningMedian} from '../measure/running-median.ts';

/** Steps that are long ago were of another load. */
const WINDOW = {count: 32, ageMs: 60_000};

/** What the decode steps of one session took in this hop, for its client. */
export class SessionTimes {
  readonly #serviceMs = new RunningMedian(WINDOW);
  readonly #waitMs = new RunningMedian(WINDOW);
  readonly #sessions = new RunningMedian(WINDOW);
  #decodeSteps = 0;

  add(
    step: {readonly serviceMs: number; readonly waitMs: number; readonly sessions: number},
    atMs: number,
  ): void {
    this.#decodeSteps += 1;
    this.#serviceMs.add(step.serviceMs, atMs);
    this.#waitMs.add(step.waitMs, atMs);
    this.#sessions.add(step.sessions, atMs);
  }

  /** To a hundredth of a ms: no clock says more. */
  read(hopIndex: number): HopServed {
    const sessions = this.#sessions.value ?? 1;
    return {
      ...(sessions > 1 && {sessions}),
      hopIndex,
      decodeSteps: this.#decodeSteps,
      serviceMs: hundredth(this.#serviceMs.value ?? 0),
      waitMs: hundredth(this.#waitMs.value ?? 0),
    };
  }
}

/** Never below 0, which a clock that steps back would give and no schema takes. */
function hundredth(ms: number): number {
  return Math.max(0, Math.round(ms * 100) / 100);
}
