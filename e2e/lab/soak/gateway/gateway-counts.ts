import * as z from 'zod';

const countersSchema = z.object({gatewayAnswers: z.number(), gatewayWaiting: z.number()});

/** Answers that the gateway of a server asks for now, and those that wait for their turn. */
export async function gatewayCounts(
  url: string,
  signal: AbortSignal,
): Promise<{readonly running: number; readonly waiting: number}> {
  const response = await fetch(`${url}/api/counters`, {signal});
  const {gatewayAnswers, gatewayWaiting} = countersSchema.parse(await response.json());
  return {running: gatewayAnswers, waiting: gatewayWaiting};
}
