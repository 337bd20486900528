import {lineOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';
import {withPair, type Pair} from '../tabs/open-pair.ts';
import {untilSeenAgain} from '../tabs/seen-again.ts';
import {clockScript, setClock} from './shifted-clock.ts';

const SEC = 1_000;
const HOUR = 3_600 * SEC;
const SET_BY_MS = [15 * SEC, -15 * SEC, 120 * SEC, -120 * SEC, HOUR, -HOUR];
const WRONG_FROM_START_MS = [HOUR, -HOUR, 24 * HOUR, -24 * HOUR];
/** What is promised of a tab whose clock is set. */
const FLOOR_MS = 15_000;
/** Ends what hangs. */
const TIMEOUT_MS = 120_000;

type Who = 'lender' | 'client';

/**
 * A clock that somebody sets, at the tab that lends or at the one that asks: how
 * long until the client hears a record that was made afterwards, and is served.
 * And clocks that are wrong from the start: how long until such a pair answers.
 */
export const benchClock: Benchmark = async (context) => {
  const right = clockScript(0);
  await withPair(context, {lender: right, client: right}, async (pair) => {
    for (const who of ['lender', 'client'] as const) {
      for (const byMs of SET_BY_MS) await measureSet(context, pair, {who, byMs});
    }
  });
  for (const byMs of WRONG_FROM_START_MS) await measureWrong(context, byMs);
};

async function measureSet(
  context: BenchmarkContext,
  pair: Pair,
  {who, byMs}: {readonly who: Who; readonly byMs: number},
): Promise<void> {
  context.log(`${nameOf(byMs)} at the ${who}`);
  const {client, lenderId} = pair;
  const madeAfterMs = Date.now();
  await setClock(pair[who], byMs);
  const seen = await untilSeenAgain(client, {
    peerId: lenderId,
    madeAfterMs,
    signal: limited(context),
  });
  await setClock(pair[who], 0);
  // The way back is another set clock: it has to be over before the next.
  await untilSeenAgain(client, {
    peerId: lenderId,
    madeAfterMs: Date.now(),
    signal: limited(context),
  });
  const name = `clock: the ${who}'s set by ${nameOf(byMs)}`;
  context.print({...lineOf(`${name}, until heard`, seen.listedMs, 'ms'), floor: FLOOR_MS});
  context.print({...lineOf(`${name}, until served`, seen.servingMs, 'ms'), floor: FLOOR_MS});
}

/** Both tabs are wrong, by as much in either direction: they agree on nothing but the server. */
async function measureWrong(context: BenchmarkContext, byMs: number): Promise<void> {
  const startedMs = performance.now();
  const scripts = {lender: clockScript(byMs), client: clockScript(-byMs)};
  await withPair(context, scripts, async ({client, lenderId}) => {
    const signal = limited(context);
    await untilSeenAgain(client, {peerId: lenderId, madeAfterMs: 0, signal});
    const tookMs = performance.now() - startedMs;
    const name = `clock: wrong by ${nameOf(byMs)} from the start, from opening to the first answer`;
    context.print(lineOf(name, tookMs, 'ms'));
  });
}

function limited({signal}: BenchmarkContext): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
}

function nameOf(byMs: number): string {
  const sign = byMs < 0 ? '−' : '+';
  const sec = Math.abs(byMs) / SEC;
  return `${sign}${sec < 3_600 ? `${String(sec)} s` : `${String(sec / 3_600)} h`}`;
}
