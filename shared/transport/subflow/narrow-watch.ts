/** Nearer peers acknowledge before the next frame is there. */
const FAR_MS = 30;
/** One alone may have waited for a busy machine. */
const ROUND_TRIPS = 3;

/**
 * Whether a link is narrow: its peer is far, and the window of its association does not hold a frame, so
 * that frames take several round trips.
 */
export class NarrowWatch {
  #leastRttMs = Infinity;
  #roundTrips = 0;
  #isNarrow = false;

  /** A round trip over the link has been measured. */
  measured(rttMs: number): void {
    this.#leastRttMs = Math.min(this.#leastRttMs, rttMs);
    this.#roundTrips += 1;
  }

  /**
   * How long after a frame to look whether all of it has left: longer than that takes where there is
   * room, and before anything can be acknowledged. `null`: there is nothing to look for.
   */
  get lookAfterMs(): number | null {
    const isFar = this.#roundTrips >= ROUND_TRIPS && this.#leastRttMs >= FAR_MS;
    return isFar && !this.#isNarrow ? this.#leastRttMs / 4 : null;
  }

  /** So many bytes had not left then. @returns whether that tells, for the first time, that the link is narrow. */
  look(waitingBytes: number): boolean {
    if (this.#isNarrow || waitingBytes === 0) return false;
    this.#isNarrow = true;
    return true;
  }
}
