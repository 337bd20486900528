import type {Tab} from '../../../swarm/tab.ts';

const LOOK_MS = 50;

/** How long it takes until no tab has an open session, and how many are left when that takes twice as long as it may. */
export async function msUntilFree(
  tabs: readonly Tab[],
  mayTakeMs: number,
): Promise<{readonly open: number; readonly ms: number}> {
  const sinceMs = performance.now();
  let open = Infinity;
  while (open > 0 && performance.now() - sinceMs < 2 * mayTakeMs) {
    const loads = await Promise.all(tabs.map(async (tab) => await tab.lendLoad()));
    open = loads.reduce((sum, load) => sum + (load?.openSessions ?? 0), 0);
    await new Promise((resolve) => void setTimeout(resolve, LOOK_MS));
  }
  return {open, ms: performance.now() - sinceMs};
}
