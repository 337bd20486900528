import {setTimeout as wait} from 'node:timers/promises';
import {askForAnswer, greedyRequest} from '../../../swarm/ask.ts';
import type {Tab} from '../../../swarm/tab.ts';

const POLL_MS = 25;

/** The number of the newest record of `peerId` that a tab knows; −1 when it knows none. */
export async function seqKnownBy(tab: Tab, peerId: string): Promise<number> {
  const records = await tab.knownRecords();
  return records.find((record) => record.peerId === peerId)?.seq ?? -1;
}

export type SeenAgain = {
  /** Until a client has heard a record that was made afterwards. */
  readonly listedMs: number;
  /** Until an answer of that client has its first token. */
  readonly servingMs: number;
};

/**
 * What it takes, from now on, until `client` hears of `peerId` again and is
 * served by it: the only one of its layers. A try that fails is followed by
 * another, as a person would.
 *
 * @param madeAfterMs Unix ms of this process, whose clock is the server's: older records do not count.
 * @throws the reason of `signal`.
 */
export async function untilSeenAgain(
  client: Tab,
  {
    peerId,
    madeAfterMs,
    signal,
  }: {readonly peerId: string; readonly madeAfterMs: number; readonly signal: AbortSignal},
): Promise<SeenAgain> {
  const startedMs = performance.now();
  while ((await seqKnownBy(client, peerId)) <= madeAfterMs) {
    await wait(POLL_MS, undefined, {signal});
  }
  const listedMs = performance.now() - startedMs;
  while (!(await isServed(client, signal))) await wait(POLL_MS, undefined, {signal});
  return {listedMs, servingMs: performance.now() - startedMs};
}

async function isServed(client: Tab, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  try {
    await askForAnswer(client, greedyRequest('Who is there?', {maxNewTokens: 1}), {signal});
    return true;
  } catch {
    return false; // Counted by its time: the next try comes later.
  }
}
