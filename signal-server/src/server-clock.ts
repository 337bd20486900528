type Sources = {
  /** Unix ms, by a clock that people and time servers set. */
  readonly wallMs: () => number;
  /** Of a stopwatch that nobody sets. */
  readonly elapsedMs: () => number;
};

const SYSTEM: Sources = {wallMs: Date.now, elapsedMs: () => performance.now()};

/**
 * Unix ms by the clock of this machine, but for one thing: it never goes back. Records are
 * ordered by time; were it set back by an hour, every record that is held would be newer than
 * all that its owner publishes in that hour.
 */
export function createServerClock({wallMs, elapsedMs}: Sources = SYSTEM): () => number {
  let aheadMs = -Infinity;
  return () => {
    const nowMs = elapsedMs();
    aheadMs = Math.max(aheadMs, wallMs() - nowMs);
    return Math.round(aheadMs + nowMs);
  };
}
