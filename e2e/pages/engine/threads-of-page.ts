import {takeThreads} from '../../../web/src/node/engine/take-threads.ts';

const releases: (() => void)[] = [];

/** Of so many cores, as a tab that begins to lend. @returns how many it got. */
export async function takeThreadsOf(coreCount: number): Promise<number> {
  const {threadCount, release} = await takeThreads(coreCount);
  releases.push(release);
  return threadCount;
}

export function giveBackThreads(): void {
  for (const release of releases.splice(0)) release();
}
