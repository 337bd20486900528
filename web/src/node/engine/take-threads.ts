import type {TakenThreads} from '../../ports/taken-threads.ts';

/** Of one engine: onnxruntime gains little from more. */
export const MOST_THREADS = 4;
const LOCK = 'weft-threads';
const ALONE: TakenThreads = {threadCount: 1, release: () => undefined};

/**
 * One thread of the processor is for the pages and for all else. Those that are left go to the tabs of this browser that
 * lend, first come, first served, at least one and at most four to each: threads that wait for a busy core
 * slow an engine down. Locks say how many each has, and end with its tab.
 */
export async function takeThreads(coreCount: number): Promise<TakenThreads> {
  // Threads share memory, which needs a page that is isolated; such a page has locks, if it may store anything.
  if (!crossOriginIsolated) return ALONE;
  try {
    return await navigator.locks.request(LOCK, async () => {
      const freeCount = coreCount - 1 - (await countTaken());
      const threadCount = Math.max(1, Math.min(MOST_THREADS, freeCount));
      return {threadCount, release: await hold(`${LOCK}/${threadCount}/${crypto.randomUUID()}`)};
    });
  } catch {
    return ALONE;
  }
}

async function countTaken(): Promise<number> {
  const {held = []} = await navigator.locks.query();
  return held
    .map(({name = ''}) => name.split('/'))
    .filter(([lock, threadCount]) => lock === LOCK && threadCount !== undefined)
    .reduce((sum, [, threadCount]) => sum + Number(threadCount), 0);
}

/** @returns lets go of the lock. */
async function hold(name: string): Promise<() => void> {
  return await new Promise((resolve, reject) => {
    navigator.locks
      .request(
        name,
        async () =>
          new Promise<void>((release) => {
            resolve(release);
          }),
      )
      .catch(reject);
  });
}
