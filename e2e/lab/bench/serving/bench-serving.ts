import {percentile} from '../../../load/report/percentile.ts';
import {prepareModel} from '../../../tools/machine/model-file/prepare-model.ts';
import {lineOf, spreadOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';
import {accountForTime} from '../timeline/account-for-time.ts';
import {traceAnswers} from '../timeline/trace-answers.ts';
import {sweepLoad} from './sweep-load.ts';
import {withBareEngine, type StepMsOf} from './bare-engine.ts';
import {ServedAnswers, type ServedRate} from '../tabs/served-answers.ts';

/** As many as an engine runs as one. */
const SESSIONS = 8;
const ROUNDS = 5;
const TOKENS = 48;
/** About as many as the questions have with their template. */
const PROMPT_TOKENS = 40;
const STAGES = 3;

/** The part of the bare engine's gain that a tab must have, the gain of three tabs, and what serving may add to a step. */
const LEAST_PART = 0.85;
const LEAST_OF_STAGES = 2;
const MOST_TIMES_ENGINE = 1.05;

/** How much more eight answers at once get than one: all measured in turns, within one run. */
export const benchServing: Benchmark = async (context) => {
  const model = await prepareModel(context);
  const bareMs = {alone: [] as number[], together: [] as number[]};
  const size = {promptTokens: PROMPT_TOKENS, rounds: TOKENS};
  const one = await ServedAnswers.start(model, 1, context);
  try {
    await withBareEngine(model, context, size, async (stepMs) => {
      const served = await measure(context, one, async () => measureBare(stepMs, bareMs));
      const gain = (SESSIONS * median(bareMs.alone)) / median(bareMs.together);
      print(context, 'the bare engine', {
        alone: bareMs.alone.map(rateOf(1)),
        together: bareMs.together.map(rateOf(SESSIONS)),
      });
      print(context, 'one tab', {...rates(served), floor: LEAST_PART * gain});
      const tokenMs = median(served.alone.map((rate) => rate.tokenMs));
      const against = median(bareMs.alone);
      context.print({
        ...lineOf(
          'serving: one tab, a token of one answer, the bare engine in a process of its own',
          tokenMs,
          'ms',
        ),
        against,
        ratio: tokenMs / against,
        n: ROUNDS,
      });
      await printAdded(context, one);
      printWaits(context, 'one tab', served);
    });
  } finally {
    await one.stop();
  }
  const stages = await ServedAnswers.start(model, STAGES, context);
  try {
    const served = await measure(context, stages, async () => undefined);
    print(context, `${STAGES} tabs`, {...rates(served), floor: LEAST_OF_STAGES});
    printWaits(context, `${STAGES} tabs`, served);
  } finally {
    await stages.stop();
  }
  await sweepLoad(context, model);
};

/**
 * What serving adds to the engine, by a trace of the tab that serves. In one process the same step takes a quarter
 * longer or shorter than in another, for reasons that were not found, so that another process is no measure of it.
 */
async function printAdded({print: printLine}: BenchmarkContext, one: ServedAnswers): Promise<void> {
  const traced = await traceAnswers(one, {sessions: 1, tokens: TOKENS});
  const {windowMs, wallMs} = accountForTime(traced.lanes, traced);
  const [value, against] = [windowMs / traced.tokens, wallMs.engine / traced.tokens];
  printLine({
    ...lineOf(
      'serving: one tab, a token of one answer against what its engine takes of it',
      value,
      'ms',
    ),
    against,
    ratio: value / against,
    floor: MOST_TIMES_ENGINE,
    n: traced.tokens,
  });
}

type Served = {readonly alone: readonly ServedRate[]; readonly together: readonly ServedRate[]};

async function measure(
  {log, signal}: BenchmarkContext,
  answers: ServedAnswers,
  between: () => Promise<void>,
): Promise<Served> {
  const served = {alone: [] as ServedRate[], together: [] as ServedRate[]};
  // The first of each finds links and caches that are not there yet.
  await answers.ask(SESSIONS, 8);
  for (let round = 0; round < ROUNDS; round += 1) {
    signal.throwIfAborted();
    served.alone.push(await answers.ask(1, TOKENS));
    served.together.push(await answers.ask(SESSIONS, TOKENS));
    await between();
    log(JSON.stringify({alone: served.alone.at(-1), together: served.together.at(-1)}));
  }
  return served;
}

async function measureBare(
  stepMs: StepMsOf,
  bareMs: {readonly alone: number[]; readonly together: number[]},
): Promise<void> {
  bareMs.alone.push(await stepMs(1));
  bareMs.together.push(await stepMs(SESSIONS));
}

function rateOf(sessions: number): (stepMs: number) => number {
  return (stepMs) => (1_000 * sessions) / stepMs;
}

function rates({alone, together}: Served) {
  return {
    alone: alone.map(({tokensPerSec}) => tokensPerSec),
    together: together.map(({tokensPerSec}) => tokensPerSec),
  };
}

function print(
  context: BenchmarkContext,
  who: string,
  {
    alone,
    together,
    floor,
  }: {
    readonly alone: readonly number[];
    readonly together: readonly number[];
    readonly floor?: number;
  },
): void {
  const [value, against] = [median(together), median(alone)];
  context.print({
    name: `serving: ${who}, ${SESSIONS} answers at once against one`,
    value,
    unit: 'tokens/s',
    against,
    ratio: value / against,
    ...(floor !== undefined && {floor}),
    ...spreadOf(together),
  });
}

function printWaits({print: printLine}: BenchmarkContext, who: string, {together}: Served): void {
  for (const part of ['firstTokenMs', 'tokenMs'] as const) {
    const values = together.map((rate) => rate[part]);
    printLine({
      name: `serving: ${who}, ${SESSIONS} answers at once: ${part}`,
      value: median(values),
      unit: 'ms',
      ...spreadOf(values),
    });
  }
}

function median(values: readonly number[]): number {
  return percentile(values, 50);
}
