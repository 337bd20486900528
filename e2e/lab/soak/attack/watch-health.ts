import {setTimeout as wait} from 'node:timers/promises';

const INTERVAL_MS = 100;
const TIMEOUT_MS = 10_000;

/**
 * Asks `/healthz` ten times a second until `over`.
 *
 * @returns ms of each answer; one that failed took as long as anybody waits.
 */
export async function watchHealth(url: string, over: AbortSignal): Promise<readonly number[]> {
  const tookMs: number[] = [];
  const asking: Promise<void>[] = [];
  while (!over.aborted) {
    asking.push(askOnce(url).then((ms) => void tookMs.push(ms)));
    await wait(INTERVAL_MS, undefined, {signal: over}).catch(() => undefined);
  }
  await Promise.all(asking);
  return tookMs;
}

async function askOnce(url: string): Promise<number> {
  const startedMs = performance.now();
  try {
    const response = await fetch(`${url}/healthz`, {signal: AbortSignal.timeout(TIMEOUT_MS)});
    await response.text();
    return response.ok ? performance.now() - startedMs : TIMEOUT_MS;
  } catch {
    return TIMEOUT_MS;
  }
}
