import type {SchedulingEvent} from '../../scheduling-event.ts';
import {seededRandom} from '../../seeded-choice.ts';
import type {AllocationTarget} from '../allocation-target.ts';
import {formPipelines, type NodeSet} from './form-pipelines.ts';
import {byCapacity, parallaxGreedySets} from './parallax-greedy.ts';
import {improvePipelines, searchSteps} from './improve-pipelines.ts';
import type {Arrangement, PipelineCost} from './pipeline-cost.ts';
import type {PlanningPool} from '../planning-pool.ts';

type Choice = {
  /** The nodes of each pipeline, head first, tail last. */
  readonly orders: readonly (readonly number[])[];
  /** What was considered on the way. */
  readonly events: readonly SchedulingEvent[];
};

/**
 * Which nodes form pipelines together: as many as capacities allow, improved,
 * less those that do more harm than good. The paper weighs k^α against the mean
 * step time over all k at once; here each pipeline must be worth what it takes
 * from the others. Never fewer than the paper's greedy planner would form.
 */
export function choosePipelines(cost: PipelineCost, target: AllocationTarget): Choice {
  const greedy = greedySets(cost);
  const formed = formPipelines(cost.pool);
  const alone = wholeNodesAlone(cost.pool, greedy);
  const start = alone.length > formed.length ? alone : formed;
  // The only pipeline is never given up, however slow.
  const leastCount = Math.max(greedy.length, Math.min(1, start.length));
  const worthSteps = worthOf(start.length, target);
  const best = arranged(cost, improvePipelines(cost, start, {leastCount, worthSteps}));
  const afterMeanMs = meanMs(best);
  const improved: SchedulingEvent = {
    kind: 'improved',
    steps: searchSteps(cost.pool.count, start),
    beforeMeanMs: meanMs(arranged(cost, start)),
    afterMeanMs,
  };
  const worthMs = worthSteps * afterMeanMs;
  return {
    orders: best.map(({order}) => order),
    events: [
      {kind: 'capacity-covered', pipelines: formed.length, greedyPipelines: greedy.length},
      improved,
      ...(best.length < start.length
        ? [{kind: 'given-up', pipelines: start.length - best.length, worthMs} as const]
        : []),
    ],
  };
}

function meanMs(pipelines: readonly Arrangement[]): number {
  return pipelines.reduce((sum, {stepMs}) => sum + stepMs, 0) / Math.max(1, pipelines.length);
}

/**
 * How slow a pipeline may be, in mean steps of the fast ones, before its nodes
 * had better help those: with `alpha` 0 no slower than they are. One slow
 * pipeline among few makes the mean much worse, so small swarms bear less.
 */
function worthOf(pipelines: number, {alpha}: AllocationTarget): number {
  return 1 + (alpha / 2) * Math.min(2.8, 0.085 * pipelines * pipelines);
}

/** The greedy planner depends on the order of the nodes: of few nodes, some in which they might have joined are tried. */
const JOIN_ORDERS = 4;
const FEW_NODES = 40;

/** The most pipelines that the paper's greedy planner forms, over some orders of the nodes. */
function greedySets(cost: PipelineCost): readonly NodeSet[] {
  const sorted = byCapacity(cost.pool);
  const inOrder = (order: readonly number[]) =>
    arranged(cost, parallaxGreedySets(cost.pool, order)).map((pipeline) => pipeline.order);
  let most = inOrder(sorted);
  if (sorted.length > FEW_NODES) return most;
  const random = seededRandom(sorted.length);
  let order: readonly number[] = sorted.toSorted((a, b) => a - b);
  for (let k = 0; k < JOIN_ORDERS; k += 1) {
    const sets = inOrder(order);
    if (sets.length > most.length) most = sets;
    order = order
      .map((node) => ({node, draw: random()}))
      .toSorted((a, b) => a.draw - b.draw)
      .map(({node}) => node);
  }
  return most;
}

/** Each node that holds the whole model by itself, and the sets without one: no fewer than before. */
function wholeNodesAlone(
  {count, holdsAll}: PlanningPool,
  sets: readonly NodeSet[],
): readonly NodeSet[] {
  const whole = Array.from({length: count}, (_, node) => node).filter(
    (node) => holdsAll[node] === 1,
  );
  const shared = sets.filter((set) => set.every((node) => holdsAll[node] === 0));
  return [...whole.map((node) => [node]), ...shared];
}

/** A step of this length uses a missing link, or lacks layers (`SHORT_MS`). */
const UNREACHABLE_MS = 1e6;

/** The sets that hold the model and whose nodes can reach each other, each in its best order. */
function arranged(cost: PipelineCost, sets: readonly NodeSet[]): readonly Arrangement[] {
  return sets.map((set) => cost.arrange(set)).filter(({stepMs}) => stepMs < UNREACHABLE_MS);
}
