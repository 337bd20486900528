import type {SchedulingEvent} from '../../scheduling-event.ts';
import {seededRandom} from '../../seeded-choice.ts';
import type {AllocationTarget} from '../allocation-target.ts';
import {formPipelines, type NodeSet} from './form-pipelines.ts';
import {byCapacity, parallaxGreedySets} from './parallax-greedy.ts';
import {improvePipelines} from './improve-pipelines.ts';
import type {PipelineCost} from './pipeline-cost.ts';
import type {PlanningPool} from '../planning-pool.ts';

/** Changes considered per plan; beyond `LARGE_COUNT` nodes fewer by the third power, but some. */
const SEARCH_STEPS = 120_000;
const LARGE_COUNT = 200;
const LEAST_STEPS = 16_000;
/** In large swarms: where pipelines are longer a change costs more, and fewer are considered. */
const SHORT_STAGES = 2.5;
const FIRST_THRESHOLD = 0.3;
/** A short search has no time to mend what a bold one breaks. */
const LARGE_FIRST_THRESHOLD = 0.06;
/** Small swarms have deep local optima: several shorter searches, each bolder than the one before. */
const SMALL_COUNT = 40;
const SMALL_SEARCHES = 4;

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
  const {count} = cost.pool;
  const searches = count > SMALL_COUNT ? 1 : SMALL_SEARCHES;
  const isLarge = count > LARGE_COUNT;
  const steps = searchSteps(count, start) / searches;
  let best: readonly NodeSet[] = [];
  let leastMs = Infinity;
  for (let seed = 1; seed <= searches; seed += 1) {
    const firstThreshold = (isLarge ? LARGE_FIRST_THRESHOLD : FIRST_THRESHOLD) * seed;
    const budget = {steps, firstThreshold, seed, leastCount, worthSteps};
    const sets = withoutShort(cost, improvePipelines(cost, start, budget));
    // Pipelines that were given up count for what they would be worth.
    const givenUp = start.length - sets.length;
    const weighedMs = meanMs(cost, sets) * (sets.length + givenUp * worthSteps);
    if (weighedMs >= leastMs) continue;
    leastMs = weighedMs;
    best = sets;
  }
  const worthMs = worthSteps * meanMs(cost, best);
  const improved: SchedulingEvent = {
    kind: 'improved',
    steps: steps * searches,
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

/** A plan for 512 nodes may take 50 ms; there nearness alone gives nearly the best sets. */
function searchSteps(count: number, sets: readonly NodeSet[]): number {
  if (count <= LARGE_COUNT) return SEARCH_STEPS;
  const larger = count / LARGE_COUNT;
  const stages = sets.reduce((sum, set) => sum + set.length, 0) / Math.max(1, sets.length);
  const steps = Math.max(SEARCH_STEPS / (larger * larger * larger), LEAST_STEPS);
  return Math.ceil(steps / Math.max(1, stages / SHORT_STAGES));
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
  return 1 + (alpha / 2) * Math.min(3.2, 0.085 * pipelines * pipelines);
}

/** Orders in which a small swarm might have come together: the greedy planner depends on it. */
const JOIN_ORDERS = 4;

/** The most pipelines that the paper's greedy planner forms, over some orders of the nodes. */
function greedySets(cost: PipelineCost): readonly NodeSet[] {
  const sorted = byCapacity(cost.pool);
  const inOrder = (order: readonly number[]) =>
    withoutShort(cost, parallaxGreedySets(cost.pool, order));
  let most = inOrder(sorted);
  if (sorted.length > SMALL_COUNT) return most;
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
