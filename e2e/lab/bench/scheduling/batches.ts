import {planPool} from '#shared/scheduling/allocation/planner/allocate-layers.ts';
import {planningPoolOf} from '#shared/scheduling/allocation/planning-pool.ts';
import {batchMs} from '#shared/scheduling/cost-model.ts';
import {selectChain} from '#shared/scheduling/routing/select/select-chain.ts';
import type {SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import {parsePool, type Pool} from '#shared/lab/pools/pool-file.ts';
import {generatePool, type PoolMix} from '#shared/lab/pools/pool-generator.ts';
import {summariseAnswers} from '#shared/lab/virtual-swarm/report/summarise-answers.ts';
import {runVirtualSwarm} from '#shared/lab/virtual-swarm/run-virtual-swarm.ts';
import {openByOneWhoKnows} from '#shared/lab/virtual-swarm/scripts/open-together.ts';
import type {ChooseChain} from '#shared/lab/virtual-swarm/virtual-client.ts';
import {lineOf, spreadOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';

const NODES = 16;
const MIXES: readonly PoolMix[] = ['equal', 'few-kinds', 'all-different', 'many-weak'];
const PER_PIPELINE = [1, 2, 4, 8];
/** The part of a step that a batch takes once: eight at once then get 2.4 times as much as one, as in a tab on WASM. */
const FIXED_PART = 2 / 3;
/** Tokens a second with eight sessions a pipeline against steps that run in turn, and the slow end of steps. */
const LEAST_RATE = 1.3;
const MOST_P95 = 1.2;

type Figures = {readonly tokensPerSec: number; readonly p95Ms: number};
type Ratios = {readonly rate: number[]; readonly p95: number[]};

/**
 * What it brings that sessions run as one and that phase 2 knows, in the virtual swarm: against the same
 * nodes with steps in turn, and against routes that take a session more for as dear as the first.
 */
export const benchBatches: Benchmark = (context) => {
  const most: Ratios = {rate: [], p95: []};
  for (const mix of MIXES) {
    for (const perPipeline of PER_PIPELINE) {
      context.signal.throwIfAborted();
      const {rate, p95} = measure(context, {mix, perPipeline});
      if (perPipeline !== PER_PIPELINE.at(-1)) continue;
      most.rate.push(rate);
      most.p95.push(p95);
    }
  }
  const each = `${String(PER_PIPELINE.at(-1))} sessions a pipeline, against steps in turn`;
  printMean(context, {
    name: `batches: ${each}: tokens a second`,
    ratios: most.rate,
    floor: LEAST_RATE,
  });
  printMean(context, {
    name: `batches: ${each}: slow end of steps`,
    ratios: most.p95,
    floor: MOST_P95,
  });
  return Promise.resolve();
};

/** @returns how much the swarm gets against one whose steps run in turn. */
function measure(
  {seed, nodes, print}: BenchmarkContext,
  {mix, perPipeline}: {readonly mix: PoolMix; readonly perPipeline: number},
): {readonly rate: number; readonly p95: number} {
  const count = nodes?.[0] ?? NODES;
  const drawn = parsePool(generatePool({seed, layerCount: 30, nodes: count, mix, regions: 1}));
  const batching = {...drawn, snapshot: withFixedPart(drawn.snapshot, FIXED_PART)};
  const open = openOverPlanOf(batching, {seed, perPipeline});
  const ours = open(batching, selectChain);
  const inTurn = open({...drawn, snapshot: withFixedPart(drawn.snapshot, 0)}, selectChain);
  const unaware = open(batching, (input) =>
    selectChain({...input, snapshot: withFixedPart(input.snapshot, 0)}),
  );
  const name = `batches ${mix}-${String(count)}, ${String(perPipeline)} a pipeline`;
  for (const [who, other] of Object.entries({
    'steps in turn': inTurn,
    'routes that do not know': unaware,
  })) {
    const lines = [
      {
        what: 'tokens a second',
        unit: 'tokens/s',
        value: ours.tokensPerSec,
        against: other.tokensPerSec,
      },
      {what: 'slow end of steps', unit: 'ms', value: ours.p95Ms, against: other.p95Ms},
    ];
    for (const {what, unit, value, against} of lines) {
      const line = lineOf(`${name}, against ${who}: ${what}`, value, unit);
      print({...line, against, ratio: value / against});
    }
  }
  return {rate: ours.tokensPerSec / inTurn.tokensPerSec, p95: ours.p95Ms / inTurn.p95Ms};
}

/** One plan for all: what differs is how the sessions run, and who knows. */
function openOverPlanOf(
  {snapshot, model, target}: Pool,
  {seed, perPipeline}: {readonly seed: number; readonly perPipeline: number},
): (pool: Pool, chooseChain: ChooseChain) => Figures {
  const plan = planPool(planningPoolOf(snapshot, model), target);
  const sessions = perPipeline * plan.pipelines.length;
  return (asked, chooseChain) => {
    const script = openByOneWhoKnows({pool: asked, plan, sessions, seed, chooseChain});
    const {answers} = runVirtualSwarm(script);
    const tokensPerSec = answers.reduce(
      (sum, {countedTokens, countedMs}) =>
        countedTokens > 0 ? sum + (1000 * countedTokens) / countedMs : sum,
      0,
    );
    return {tokensPerSec, p95Ms: summariseAnswers(answers).stepMs.p95};
  };
}

/** The same nodes, whose step for one session takes as long, so much of it once for all that run as one. */
function withFixedPart(snapshot: SwarmSnapshot, part: number): SwarmSnapshot {
  const nodes = snapshot.nodes.map((node) => {
    const stepMs = batchMs(node.decodeMsPerLayer, 1);
    return {
      ...node,
      decodeMsPerLayer: {fixedMs: part * stepMs, perSessionMs: (1 - part) * stepMs},
    };
  });
  return {...snapshot, nodes};
}

function printMean(
  {print}: BenchmarkContext,
  {
    name,
    ratios,
    floor,
  }: {readonly name: string; readonly ratios: readonly number[]; readonly floor: number},
): void {
  const value = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  print({name, value, unit: 'ratio', floor, ...spreadOf(ratios)});
}
