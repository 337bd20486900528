import {setTimeout as wait} from 'node:timers/promises';
import {greedyRequest} from '../../../swarm/ask.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {lineOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';
import {withPair, type Pair} from './open-pair.ts';
import {untilSeenAgain} from './seen-again.ts';

const AWAY_SEC = [15, 20, 60];
/** What is promised of a tab that was away, from the moment in which it goes on. */
const FLOOR_MS = 5_000;
/** Ends what hangs. */
const TIMEOUT_MS = 120_000;
const ENDLESS_TOKENS = 1_500;
const TOKENS_BEFORE = 4;

type When = 'idle' | 'during an answer';

/**
 * A serving tab whose process is frozen for a while, as when a lid closes: how
 * long after it goes on others hear of it again, and are served by it.
 */
export const benchAway: Benchmark = async (context) => {
  await withPair(context, {}, async (pair) => {
    for (const when of ['idle', 'during an answer'] as const) {
      for (const sec of AWAY_SEC) await measure(context, pair, {when, sec});
    }
  });
};

async function measure(
  {log, print, signal}: BenchmarkContext,
  {lender, lenderId, client}: Pair,
  {when, sec}: {readonly when: When; readonly sec: number},
): Promise<void> {
  signal.throwIfAborted();
  log(`Away for ${sec} s, ${when}`);
  const answer = when === 'idle' ? null : await startAnswer(client);
  const goOn = await lender.freeze();
  const madeAfterMs = Date.now();
  try {
    await wait(sec * 1000, undefined, {signal});
  } finally {
    goOn();
  }
  const seen = await untilSeenAgain(client, {
    peerId: lenderId,
    madeAfterMs,
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  await answer?.stop();
  const name = `away: ${sec} s, ${when}`;
  print({...lineOf(`${name}, until listed again`, seen.listedMs, 'ms'), floor: FLOOR_MS});
  print({...lineOf(`${name}, until serving again`, seen.servingMs, 'ms'), floor: FLOOR_MS});
}

/** Resolves once an answer is under way; whether it survives is not measured here. */
async function startAnswer(client: Tab): Promise<{stop(): Promise<void>}> {
  const abort = new AbortController();
  const underWay = Promise.withResolvers<void>();
  let tokens = 0;
  const answering = client
    .ask(greedyRequest('Who is there?', {maxNewTokens: ENDLESS_TOKENS}), {
      signal: abort.signal,
      onEvent: ({kind}) => {
        if (kind === 'token') tokens += 1;
        if (tokens === TOKENS_BEFORE) underWay.resolve();
      },
    })
    .catch(() => undefined)
    .finally(underWay.resolve);
  await underWay.promise;
  return {
    stop: async () => {
      abort.abort();
      await answering;
    },
  };
}
