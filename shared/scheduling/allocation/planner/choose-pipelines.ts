import type {SchedulingEvent} from '../../scheduling-event.ts';
import {seededRandom} from '../../seeded-choice.ts';
import type {AllocationTarget} from '../allocation-target.ts';
import {formPipelines, type NodeSet} from './form-pipelines.ts';
import {byCapacity, parallaxGreedySets} from './parallax-greedy.ts';
import {improvePipelines, searchSteps} from './improve-pipelines.ts';
import type {PipelineCost} from './pipeline-cost.ts';
import type {PlanningPool} from '../planning-pool.ts';

/** Node sets, and what was considered on the way. */
type Choice = {readonly sets: readonly NodeSet[]; readonly events: readonly SchedulingEvent[]};

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
  const searched = improvePipelines(cost, start, {leastCount, worthSteps});
  const best = withoutShort(cost, searched);
  const worthMs = worthSteps * meanMs(cost, best);
  const improved: SchedulingEvent = {
    kind: 'improved',
    steps: searchSteps(cost.pool.count, start),
    beforeMeanMs: meanMs(cost, withoutShort(cost, start)),
    afterMeanMs: meanMs(cost, best),
  };
  return {
    sets: best,
    events: [
      {kind: 'capacity-covered', pipelines: formed.length, greedyPipelines: greedy.length},
      improved,
      ...(best.length < start.length
        ? [{kind: 'given-up', pipelines: start.length - best.length, worthMs} as const]
        : []),
    ],
  };
}

function meanMs(cost: PipelineCost, sets: readonly NodeSet[]): number {
  return sets.reduce((sum, set) => sum + cost.arrange(set).stepMs, 0) / Math.max(1, sets.length);
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
    withoutShort(cost, parallaxGreedySets(cost.pool, order));
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

/** A step of this length goes over a link that is none, or misses layers (`SHORT_MS`). */
const UNREACHABLE_MS = 1e6;

/** Sets that hold the model and whose nodes can reach each other. */
function withoutShort(cost: PipelineCost, sets: readonly NodeSet[]): readonly NodeSet[] {
  return sets.filter((set) => cost.arrange(set).stepMs < UNREACHABLE_MS);
}
