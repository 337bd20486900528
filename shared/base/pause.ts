/** Resolves after `delayMs`, when `signal` aborts, or with `over`; at once when `signal` has aborted already. */
export async function pause(
  delayMs: number,
  signal: AbortSignal,
  over = Promise.withResolvers<void>(),
): Promise<void> {
  if (signal.aborted) return;
  const giveUp = () => over.resolve();
  const timer = setTimeout(giveUp, delayMs);
  signal.addEventListener('abort', giveUp, {once: true});
  await over.promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', giveUp);
}
