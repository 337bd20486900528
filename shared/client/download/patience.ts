/** How long a download is tried. */
export type Patience = {
  /** A request that brings less than `LEAST_PROGRESS_BYTES` in this time is given up. */
  readonly stallMs: number;
  /** Stalls and pauses since the last progress may come to this. */
  readonly quietMs: number;
  readonly firstPauseMs: number;
  readonly mostPauseMs: number;
  /** A server that says when to come back is believed so far, and so often in a row. */
  readonly mostAskedPauseMs: number;
  readonly mostAskedPauses: number;
};

/** Three stalls, or seven refused connections. */
export const PATIENCE: Patience = {
  stallMs: 6_000,
  quietMs: 18_500,
  firstPauseMs: 250,
  mostPauseMs: 8_000,
  mostAskedPauseMs: 30_000,
  mostAskedPauses: 4,
};

/** Less than this is no progress: a line that drips ends like one that is silent. */
export const LEAST_PROGRESS_BYTES = 4_096;

/** What was tried without success since the last progress. */
export type Spent = {readonly tries: number; readonly quietMs: number; readonly asked: number};

export const NOTHING_SPENT: Spent = {tries: 0, quietMs: 0, asked: 0};

/**
 * The pause before the next try: twice as long each time, or what the server asked for.
 * Pure.
 *
 * @param tried.askedMs what the server asked to wait; `null` when it did not say.
 * @returns `null` when patience is at its end.
 */
export function pauseAfter(
  spent: Spent,
  tried: {readonly stalledMs: number; readonly askedMs: number | null},
  patience: Patience,
): {readonly pauseMs: number; readonly spent: Spent} | null {
  const backOffMs = Math.min(patience.mostPauseMs, patience.firstPauseMs * 2 ** spent.tries);
  const tries = spent.tries + 1;
  if (tried.askedMs !== null) {
    if (spent.asked === patience.mostAskedPauses) return null;
    const pauseMs = Math.min(patience.mostAskedPauseMs, Math.max(backOffMs, tried.askedMs));
    return {pauseMs, spent: {...spent, tries, asked: spent.asked + 1}};
  }
  const quietMs = spent.quietMs + tried.stalledMs + backOffMs;
  if (quietMs > patience.quietMs) return null;
  return {pauseMs: backOffMs, spent: {...spent, tries, quietMs}};
}
