const TICK_MS = 250;

export type AwakeTimeout = {
  readonly signal: AbortSignal;
  /** To be called when nobody waits any longer. */
  clear(): void;
};

/**
 * Aborts after `ms` in which this thread ran: a stretch that it slept or
 * computed through counts as one tick. So whoever was away himself does not
 * take his own absence for the silence of others.
 */
export function awakeTimeout(ms: number, reason: Error): AwakeTimeout {
  const controller = new AbortController();
  let ticksLeft = Math.ceil(ms / TICK_MS);
  const timer = setInterval(() => {
    ticksLeft -= 1;
    if (ticksLeft > 0) return;
    clearInterval(timer);
    controller.abort(reason);
  }, TICK_MS);
  return {signal: controller.signal, clear: () => clearInterval(timer)};
}
