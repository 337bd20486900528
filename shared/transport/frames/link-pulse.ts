/** Silence that is nothing, also of a page that is loading something. */
const LEAST_LIMIT_TICKS = 7;
/** So many times the longest pause that the peer has made lately: machines are busy, tabs hidden. */
const SLOWNESS = 4;
const MOST_LIMIT_TICKS = 30;
/** Of the longest pause, at each beat: a minute later half of it is forgotten. */
const FORGOTTEN = 0.995;

/**
 * Whether a peer is still there, judged by the beats that it sends twice a second. Counts ticks of its
 * own timer and not the time: who was stopped itself has heard nothing, and judges nobody.
 */
export class LinkPulse {
  /** Since the last beat; `null` while none is expected. */
  #silentTicks: number | null = null;
  /** A peer that never gives a sign of life is not expected to. */
  #hasBeaten = false;
  #longestPauseTicks = 0;

  beat(): void {
    const pauseTicks = this.#silentTicks ?? 0;
    this.#longestPauseTicks = Math.max(pauseTicks, this.#longestPauseTicks * FORGOTTEN);
    this.#silentTicks = 0;
    this.#hasBeaten = true;
  }

  /** Something is sent after a rest: beats begin with it. */
  wake(): void {
    if (this.#hasBeaten) this.#silentTicks = 0;
  }

  /**
   * Half a second of this side's own life has passed.
   *
   * @param isLate so late that this side was stopped, or is too busy to judge.
   * @returns whether the peer is gone.
   */
  tick({isLate}: {readonly isLate: boolean}): boolean {
    if (this.#silentTicks === null) return false;
    this.#silentTicks = isLate ? 0 : this.#silentTicks + 1;
    const limitTicks = Math.max(LEAST_LIMIT_TICKS, SLOWNESS * this.#longestPauseTicks);
    return this.#silentTicks >= Math.min(limitTicks, MOST_LIMIT_TICKS);
  }

  /** Nothing is sent for a while: nobody is waiting for a sign of life. */
  rest(): void {
    this.#silentTicks = null;
  }
}
