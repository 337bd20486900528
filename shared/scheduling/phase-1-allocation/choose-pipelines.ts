import type {AllocationTarget} from './allocation-target.ts';
import {formPipelines, type NodeSet} from './form-pipelines.ts';
import {byCapacity, parallaxGreedySets} from './heuristics/parallax-greedy.ts';
import {improvePipelines} from './improve-pipelines.ts';
import {seededRandom} from '../seeded-choice.ts';
import {SHORT_MS, stepMsOf} from './pipeline-cost.ts';
import type {PlanningPool} from './planning-pool.ts';

/** Changes considered per plan: a count, so that slow and fast tabs agree. */
const SEARCH_STEPS = 40_000;
const FIRST_THRESHOLD = 0.3;
/** Small swarms are searched from the start this many times: they have deep local optima. */
const SMALL_COUNT = 40;
const SMALL_SEARCHES = 4;
/** In large swarms nearness alone gives nearly the best sets, and a plan must stay quick. */
const LARGE_COUNT = 200;
const LARGE_SEARCH_STEPS = 8000;
const LARGE_ROUNDS = 1;

/**
 * Which nodes form pipelines together: as many as capacities allow, improved,
 * less those that do more harm than good. The paper weighs k^α against the mean
 * step time over all k at once; here one pipeline after the other, the slowest
 * first, must justify what its nodes cost the others. Never fewer than the
 * paper's greedy planner would form.
 */
export function choosePipelines(pool: PlanningPool, target: AllocationTarget): readonly NodeSet[] {
  const greedy = greedySets(pool);
  const formed = formPipelines(pool);
  let chosen = search(pool, greedy.length > formed.length ? greedy : formed, 1);
  const leastCount = greedy.length;
  const rounds = pool.count > LARGE_COUNT ? LARGE_ROUNDS : chosen.length;
  for (let round = 0; round < rounds; round += 1) {
    const spareCount = chosen.length - Math.max(1, leastCount);
    const batch = Math.min(spareCount, Math.max(1, Math.floor(chosen.length / 40)));
    const bySpeed = chosen.toSorted((a, b) => msOf(pool, a) - msOf(pool, b));
    if (batch <= 0 || !isSuspect(pool, bySpeed)) break;
    const fewer = search(pool, bySpeed.slice(0, -batch), 4);
    if (!isTooDear(pool, chosen, fewer, target)) break;
    chosen = fewer;
  }
  return chosen;
}

/** Orders in which a small swarm might have come together: the greedy planner depends on it. */
const JOIN_ORDERS = 4;

/** The most pipelines that the paper's greedy planner forms, over some orders of the nodes. */
function greedySets(pool: PlanningPool): readonly NodeSet[] {
  const sorted = byCapacity(pool);
  const inOrder = (order: readonly number[]) => withoutShort(pool, parallaxGreedySets(pool, order));
  let most = inOrder(sorted);
  if (pool.count > SMALL_COUNT) return most;
  const random = seededRandom(pool.count);
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

/** The best of one long search, or of several shorter and bolder ones where the swarm is small. */
function search(pool: PlanningPool, start: readonly NodeSet[], part: number): readonly NodeSet[] {
  const steps = (pool.count > LARGE_COUNT ? LARGE_SEARCH_STEPS : SEARCH_STEPS) / part;
  if (pool.count > SMALL_COUNT) {
    const firstThreshold = FIRST_THRESHOLD / (part === 1 ? 1 : 2);
    return withoutShort(pool, improvePipelines(pool, start, {steps, firstThreshold, seed: 1}));
  }
  let best: readonly NodeSet[] = [];
  for (let seed = 1; seed <= SMALL_SEARCHES; seed += 1) {
    const budget = {steps: steps / SMALL_SEARCHES, firstThreshold: FIRST_THRESHOLD * seed, seed};
    const found = withoutShort(pool, improvePipelines(pool, start, budget));
    const isMore = found.length > best.length;
    const isFaster = found.length === best.length && totalMs(pool, found) < totalMs(pool, best);
    if (isMore || isFaster) best = found;
  }
  return best;
}

/** In a large swarm only a pipeline this much slower than the median one is questioned. */
const SUSPECT = 2;

function isSuspect(pool: PlanningPool, bySpeed: readonly NodeSet[]): boolean {
  if (pool.count <= SMALL_COUNT) return true;
  const medianMs = msOf(pool, bySpeed[bySpeed.length >> 1] ?? []);
  return msOf(pool, bySpeed.at(-1) ?? []) >= SUSPECT * medianMs;
}

/**
 * The last pipeline is too dear when all steps together become longer by more
 * than this many mean steps. Small swarms bear less: there it shifts the mean.
 */
function isTooDear(
  pool: PlanningPool,
  chosen: readonly NodeSet[],
  fewer: readonly NodeSet[],
  {alpha}: AllocationTarget,
): boolean {
  const fewerMs = totalMs(pool, fewer);
  const dropped = Math.max(1, chosen.length - fewer.length);
  const marginalMs = (totalMs(pool, chosen) - fewerMs) / dropped;
  const bearable = 1 + (alpha / 2) * Math.min(3.4, 0.48 * chosen.length);
  return marginalMs > bearable * (fewerMs / fewer.length);
}

function totalMs(pool: PlanningPool, sets: readonly NodeSet[]): number {
  return sets.reduce((sum, set) => sum + msOf(pool, set), 0);
}

function msOf(pool: PlanningPool, set: NodeSet): number {
  return set.length === 0 ? 0 : stepMsOf(pool, set);
}

/** Sets that hold the model and whose nodes can reach each other. */
function withoutShort(pool: PlanningPool, sets: readonly NodeSet[]): readonly NodeSet[] {
  return sets.filter((set) => msOf(pool, set) < Math.min(SHORT_MS, UNREACHABLE_MS));
}

const UNREACHABLE_MS = 1e6;
