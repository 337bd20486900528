import {percentile} from '../../../load/report/percentile.ts';
import type {PreparedModel} from '../../../tools/machine/model-file/prepare-model.ts';
import {lineOf} from '../bench-line.ts';
import type {BenchmarkContext} from '../benchmark.ts';
import {ServedAnswers, type ServedTimes} from '../tabs/served-answers.ts';

const CHAINS = [1, 2, 3, 6];
const AT_ONCE = [1, 2, 4, 8];
const TOKENS = 32;
/** An answer is good that keeps within both: its first token, and nineteen of twenty of the others. */
const LIMIT_MS = {firstToken: 4_000, token: 250};
/** From where on more answers at once bring less than this, a chain is full. */
const LEAST_GROWTH = 1.1;

/**
 * One to eight answers at once over chains of tabs that share the cores of this machine: what all of them get by
 * the clock, what each waits, how many are good, and from how many on a chain is full.
 */
export async function sweepLoad(context: BenchmarkContext, model: PreparedModel): Promise<void> {
  for (const tabs of CHAINS) {
    const answers = await ServedAnswers.start(model, tabs, context);
    try {
      // The first of each finds links and caches that are not there yet.
      await answers.ask(Math.max(...AT_ONCE), 8);
      const rates: number[] = [];
      for (const atOnce of AT_ONCE) {
        context.signal.throwIfAborted();
        rates.push(printRun(context, {tabs, atOnce}, await answers.times(atOnce, TOKENS)));
      }
      const full = AT_ONCE[rates.findIndex((rate, at) => isFull(rate, rates[at + 1]))];
      const name = `serving: a chain of ${tabs}, full from so many answers at once on`;
      context.print(lineOf(name, full ?? Number.NaN, 'answers'));
    } finally {
      await answers.stop();
    }
  }
}

function isFull(rate: number, next: number | undefined): boolean {
  return next !== undefined && next < LEAST_GROWTH * rate;
}

/** @returns tokens per second of all, from the question to the last token. */
function printRun(
  {print}: BenchmarkContext,
  {tabs, atOnce}: {readonly tabs: number; readonly atOnce: number},
  served: readonly ServedTimes[],
): number {
  const gapsMs = served.flatMap((answer) => answer.gapsMs);
  const firstTokensMs = served.map(({firstTokenMs}) => firstTokenMs);
  const endsMs = served.map((answer) => answer.gapsMs.reduce(sum, answer.firstTokenMs));
  const wallSec = Math.max(...endsMs) / 1_000;
  const tokensPerSec = (gapsMs.length + served.length) / wallSec;
  const good = served.filter(
    (answer) =>
      answer.firstTokenMs <= LIMIT_MS.firstToken && percentile(answer.gapsMs, 95) <= LIMIT_MS.token,
  );
  const name = `serving: a chain of ${tabs}, ${atOnce} at once`;
  const waits = {
    ...lineOf(`${name}: tokens of all, by the clock`, tokensPerSec, 'tokens/s'),
    firstTokenMs: {p50: percentile(firstTokensMs, 50), p95: percentile(firstTokensMs, 95)},
    tokenMs: {p50: percentile(gapsMs, 50), p95: percentile(gapsMs, 95)},
  };
  print(waits);
  const goodput = {
    ...lineOf(`${name}: answers within the limits`, good.length / wallSec, 'answers/s'),
    limitMs: LIMIT_MS,
    goodAnswers: good.length,
    answers: served.length,
  };
  print(goodput);
  return tokensPerSec;
}

function sum(total: number, ms: number): number {
  return total + ms;
}
