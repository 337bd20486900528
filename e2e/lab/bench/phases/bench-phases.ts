import {percentile} from '../../../load/report/percentile.ts';
import type {RunModel} from '../../../load/scenario/offer-model.ts';
import {offerTinyModel} from '../../../load/testing/offer-tiny-model.ts';
import {spreadOf, type BenchLine} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';
import {FarSwarms, type FarAnswer} from './far-swarms.ts';
import {phaseArms, type JoiningTab, type PhaseArm} from './phase-arms.ts';

const LAYERS = 30;
const DELAY_MS = 25;
const FAST_LAYER_MS = 1.25;
const SLOW_LAYER_MS = 6.25;
/** In the order in which they join: one of six is slow. */
const TABS: readonly JoiningTab[] = [
  {maxLayers: 24, layerMs: FAST_LAYER_MS},
  {maxLayers: 16, layerMs: FAST_LAYER_MS},
  {maxLayers: 16, layerMs: FAST_LAYER_MS},
  {maxLayers: 24, layerMs: SLOW_LAYER_MS},
  {maxLayers: 16, layerMs: FAST_LAYER_MS},
  {maxLayers: 24, layerMs: FAST_LAYER_MS},
];
const AT_ONCE = 4;
const ANSWERS_EACH = 12;
/** Links are opened and speeds are seen before anything is counted. */
const FIRST_ANSWERS = 6;
const NEW_TOKENS = 32;
/** What the paper claims over the system without its phases: latency and throughput, at the most (arXiv 2509.26182). */
const PAPER_RATIOS = {latency: 3.2, throughput: 3.6};

type PhaseLine = BenchLine & {
  readonly paperClaimsAtMost: number;
  readonly p95?: number;
  readonly firstTokenMs?: number;
};

type ArmFigures = {
  readonly answers: readonly FarAnswer[];
  readonly tokensPerSec: number;
};

/** Both phases on and off on real tabs that are far from each other, one of them slow: end to end. */
export const benchPhases: Benchmark = async (context) => {
  const model = await offerTinyModel(context.log, {seed: 1, shape: {layerCount: LAYERS}});
  try {
    await compareArms(model, context);
  } finally {
    await model.remove();
  }
};

async function compareArms(model: RunModel, context: BenchmarkContext): Promise<void> {
  const arms = phaseArms(TABS, {grid: model.grid, rttMs: 2 * DELAY_MS});
  const measured: {readonly arm: PhaseArm; readonly figures: ArmFigures}[] = [];
  for (const arm of arms) {
    context.signal.throwIfAborted();
    context.log(`${arm.name}: ${JSON.stringify(arm.swarms)}`);
    measured.push({arm, figures: await measureArm(arm, model, context)});
  }
  const without = measured.at(-1)?.figures;
  if (without === undefined) throw new Error('Broken invariant: there are arms');
  for (const {arm, figures} of measured) printArm(arm, {figures, without}, context);
}

function measureArm(
  arm: PhaseArm,
  model: RunModel,
  context: BenchmarkContext,
): Promise<ArmFigures> {
  return FarSwarms.with(arm.swarms, {model, delayMs: DELAY_MS}, context, async (swarms) => {
    const first: FarAnswer[] = [];
    for (let at = 0; at < Math.max(FIRST_ANSWERS, swarms.count); at += 1) {
      first.push(await swarms.ask(at, NEW_TOKENS));
    }
    const stepsMs = first.slice(0, swarms.count).map(({predictedStepMs}) => predictedStepMs);
    const fastest = stepsMs.indexOf(Math.min(...stepsMs));
    let turn = 0;
    const answers: FarAnswer[] = [];
    const askInTurn = async () => {
      for (let asked = 0; asked < ANSWERS_EACH; asked += 1) {
        turn += 1;
        answers.push(await swarms.ask(arm.asks === 'fastest' ? fastest : turn, NEW_TOKENS));
      }
    };
    const startMs = performance.now();
    await Promise.all(Array.from({length: AT_ONCE}, askInTurn));
    const seconds = (performance.now() - startMs) / 1_000;
    return {answers, tokensPerSec: (answers.length * NEW_TOKENS) / seconds};
  });
}

function printArm(
  {name}: PhaseArm,
  {figures, without}: {readonly figures: ArmFigures; readonly without: ArmFigures},
  {print}: BenchmarkContext,
): void {
  const totals = (of: ArmFigures) => of.answers.map(({totalMs}) => totalMs);
  const times = totals(figures);
  const against = meanOf(totals(without));
  const latency: PhaseLine = {
    name: `phases: an answer of ${NEW_TOKENS} tokens, ${AT_ONCE} at once, ${name}, against neither phase`,
    value: meanOf(times),
    unit: 'ms',
    against,
    ratio: against / meanOf(times),
    paperClaimsAtMost: PAPER_RATIOS.latency,
    p95: percentile(times, 95),
    firstTokenMs: percentile(
      figures.answers.map(({firstTokenMs}) => firstTokenMs),
      50,
    ),
    ...spreadOf(times),
  };
  const {tokensPerSec} = figures;
  const throughput: PhaseLine = {
    name: `phases: tokens of all answers, ${name}, against neither phase`,
    value: tokensPerSec,
    unit: 'tokens/s',
    against: without.tokensPerSec,
    ratio: tokensPerSec / without.tokensPerSec,
    paperClaimsAtMost: PAPER_RATIOS.throughput,
    n: 1,
    min: tokensPerSec,
    max: tokensPerSec,
  };
  print(latency);
  print(throughput);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
