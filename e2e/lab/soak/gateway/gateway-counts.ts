import {setTimeout as wait} from 'node:timers/promises';
import * as z from 'zod';
import type {TurnCounts} from '../../../../signal-server/src/gateway/turns/caller-queue.ts';

const countersSchema = z.object({gatewayAnswers: z.number(), gatewayWaiting: z.number()});

/** Answers that the gateway of a server asks for now, and those that wait for their turn. */
export async function gatewayCounts(url: string, signal: AbortSignal): Promise<TurnCounts> {
  const response = await fetch(`${url}/api/counters`, {signal});
  const {gatewayAnswers, gatewayWaiting} = countersSchema.parse(await response.json());
  return {running: gatewayAnswers, waiting: gatewayWaiting};
}

const OVER_WITHIN_MS = 10_000;
const LOOK_MS = 20;

/** What they are when the last answer is over; what is left after some seconds, when one is not. */
export async function countsWhenOver(url: string, signal: AbortSignal): Promise<TurnCounts> {
  const sinceMs = performance.now();
  for (;;) {
    const counts = await gatewayCounts(url, signal);
    const isOver = counts.running + counts.waiting === 0;
    if (isOver || performance.now() - sinceMs > OVER_WITHIN_MS) return counts;
    await wait(LOOK_MS, undefined, {signal});
  }
}
