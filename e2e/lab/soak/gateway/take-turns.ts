import {setTimeout as wait} from 'node:timers/promises';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import type {SoakResult} from '../soak.ts';
import {askApi} from '../../../swarm/server/ask-api.ts';

const CALLERS = 8;
/** That one of them asks at a time. */
const AT_A_TIME = 8;
const ROUNDS = 6;
const TOKENS = 64;
const MOST_OF_MEAN = 2;

type Options = {readonly url: string; readonly model: string; readonly signal: AbortSignal};

/**
 * Eight callers ask at the same moment, again and again, one of them eight times at once. A wait ends with the first word
 * of the answer; who hears to come later comes when the server says. At its beginning each round finds free what it needs:
 * the first six get it whoever they are, so one who asks once may wait for an answer of somebody else's.
 */
export async function takeTurns(options: Options): Promise<SoakResult> {
  const waits = Array.from({length: CALLERS}, (): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    const asking = waits.flatMap((ofCaller, caller) =>
      Array.from({length: caller === 0 ? AT_A_TIME : 1}, async () => {
        ofCaller.push(await waitedMs(options, caller));
      }),
    );
    await Promise.all(asking);
  }
  const means = waits.map(meanOf);
  const overall = meanOf(waits.flat());
  return {
    checks: [
      atLeast('answers to eight callers', waits.flat().length, ROUNDS * (CALLERS - 1 + AT_A_TIME)),
      atMost(
        'largest mean wait of a caller, of the mean of all',
        Math.max(...means) / overall,
        MOST_OF_MEAN,
      ),
    ],
    figures: {meanWaitMs: overall, meanWaitMsByCaller: means},
  };
}

async function waitedMs({url, model, signal}: Options, caller: number): Promise<number> {
  const startedMs = performance.now();
  const messages = [{role: 'user', content: 'Count.'}];
  const body = {model, messages, max_tokens: TOKENS, stream: true};
  for (;;) {
    const beforeMs = performance.now() - startedMs;
    const {status, retryAfterMs, firstByteMs} = await askApi(url, {caller, body, signal});
    if (status === 200) return beforeMs + firstByteMs;
    if (retryAfterMs === null) throw new Error(`A caller was answered with ${status}`);
    await wait(retryAfterMs, undefined, {signal});
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
