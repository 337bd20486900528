import type {PreparedModel} from '../../../tools/machine/model-file/prepare-model.ts';
import {arrivalTimesMs} from '../../../load/scenario/arrival-times.ts';
import {lineOf} from '../bench-line.ts';
import type {BenchmarkContext} from '../benchmark.ts';
import {ServedAnswers} from '../tabs/served-answers.ts';
import {printServed} from './print-served.ts';

const CHAINS = [1, 2, 3, 6];
const AT_ONCE = [1, 2, 4, 8];
const TOKENS = 32;
/** From where on more answers at once bring less than this, a chain is full. */
const LEAST_GROWTH = 1.1;
/** Chains that are asked without regard to what they have to do, and how much, as a part of what a full one gives. */
const ARRIVALS = {chains: [1, 3], loads: [0.5, 0.8, 1.2], answers: 20};

/**
 * Chains of tabs that share the cores of this machine. One to eight answers at once: what all of them get by the
 * clock, what each waits, how many are good, and from how many on a chain is full. Then answers that arrive by
 * chance, as those of people do.
 */
export async function sweepLoad(context: BenchmarkContext, model: PreparedModel): Promise<void> {
  for (const tabs of CHAINS) {
    const answers = await ServedAnswers.start(model, tabs, context);
    try {
      const fullRate = await sweepAtOnce(context, answers, `serving: a chain of ${tabs}`);
      if (!ARRIVALS.chains.includes(tabs)) continue;
      for (const load of ARRIVALS.loads) await arrive(context, answers, {load, fullRate});
    } finally {
      await answers.stop();
    }
  }
}

/** @returns tokens per second of as many at once as bring most. */
async function sweepAtOnce(
  context: BenchmarkContext,
  answers: ServedAnswers,
  chain: string,
): Promise<number> {
  // The first of each finds links and caches that are not there yet.
  await answers.ask(Math.max(...AT_ONCE), 8);
  const rates: number[] = [];
  for (const atOnce of AT_ONCE) {
    context.signal.throwIfAborted();
    const served = await answers.times(atOnce, TOKENS);
    rates.push(printServed(context, `${chain}, ${atOnce} at once`, served));
  }
  const full = AT_ONCE[rates.findIndex((rate, at) => isFull(rate, rates[at + 1]))];
  const name = `${chain}, full from so many answers at once on`;
  context.print(lineOf(name, full ?? Number.NaN, 'answers'));
  return Math.max(...rates);
}

function isFull(rate: number, next: number | undefined): boolean {
  return next !== undefined && next < LEAST_GROWTH * rate;
}

async function arrive(
  context: BenchmarkContext,
  answers: ServedAnswers,
  {load, fullRate}: {readonly load: number; readonly fullRate: number},
): Promise<void> {
  context.signal.throwIfAborted();
  const dueMs = arrivalTimesMs({
    arrival: 'poisson',
    count: ARRIVALS.answers,
    perSec: (load * fullRate) / TOKENS,
    seed: context.seed,
  });
  const served = await answers.arriving(dueMs, TOKENS);
  const name = `serving: a chain of ${answers.lenders.length}, arrivals of ${load} of what it gives when full`;
  printServed(context, name, served);
}
