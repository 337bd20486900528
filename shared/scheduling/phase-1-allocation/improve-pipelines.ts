import {seededRandom, type NextRandom} from '../seeded-choice.ts';
import {intAt, realAt} from '../table-access.ts';
import type {NodeSet} from './form-pipelines.ts';
import {SHORT_MS, stepMsOf} from './pipeline-cost.ts';
import type {PlanningPool} from './planning-pool.ts';

export type SearchBudget = {
  readonly steps: number;
  /** How much worse a change may be at first, as a part of the mean step time. */
  readonly firstThreshold: number;
  readonly seed: number;
};

type Draft = {
  readonly pool: PlanningPool;
  readonly random: NextRandom;
  readonly sets: NodeSet[];
  readonly stepMs: Float64Array;
  /** Pipeline of each node, -1 for a spare. */
  readonly pipelineOf: Int32Array;
  /** Above this step time a ms counts for less: see `weighedMs`. */
  readonly kneeMs: number;
};

/** New sets for one or two pipelines; `otherAt` is -1 when only one changes. */
type Change = {
  readonly at: number;
  readonly set: NodeSet;
  readonly otherAt: number;
  readonly otherSet: NodeSet;
};

/** What a ms above the knee counts: fast pipelines are used, slow ones only under load. */
const SLOW_WEIGHT = 0.5;
const KNEE = 1.25;

/**
 * Local search on the true step time: swaps of two nodes, moves from pipeline
 * to pipeline, spares taken in, stages left out; only among nodes that are
 * near each other. A change may be worse by a threshold that falls to zero
 * (Dueck and Scheuer, "Threshold accepting", 1990: annealing without the exp
 * that browsers disagree on). The budget is steps, never milliseconds, and the
 * seed is fixed: every tab gets the same plan. O(steps · m²) for m stages.
 */
export function improvePipelines(
  pool: PlanningPool,
  start: readonly NodeSet[],
  {steps, firstThreshold, seed}: SearchBudget,
): readonly NodeSet[] {
  if (start.length === 0 || pool.neighboursPerNode === 0) return start;
  const draft = draftOf(pool, start, seed);
  const firstMs = firstThreshold * meanMs(draft);
  for (let step = 0; step < steps; step += 1) {
    const change = proposeChange(draft);
    if (change !== null) makeUnlessWorse(draft, change, firstMs * (1 - step / steps));
  }
  // The threshold ends at zero: the last state is the best one or next to it.
  return draft.sets;
}

function draftOf(pool: PlanningPool, start: readonly NodeSet[], seed: number): Draft {
  const pipelineOf = new Int32Array(pool.count).fill(-1);
  const stepMs = new Float64Array(start.length);
  for (const [at, set] of start.entries()) {
    for (const node of set) pipelineOf[node] = at;
    stepMs[at] = stepMsOf(pool, set);
  }
  const sorted = stepMs.toSorted();
  const kneeMs = KNEE * realAt(sorted, start.length >> 1);
  return {pool, random: seededRandom(seed), sets: [...start], stepMs, pipelineOf, kneeMs};
}

function meanMs({stepMs}: Draft): number {
  return stepMs.reduce((sum, ms) => sum + Math.min(ms, SHORT_MS), 0) / stepMs.length;
}

function weighedMs({kneeMs}: Draft, ms: number): number {
  return ms <= kneeMs ? ms : kneeMs + (ms - kneeMs) * SLOW_WEIGHT;
}

/** A random node, one of the nodes near it, and what could be done with the two; `null`: nothing. */
function proposeChange(draft: Draft): Change | null {
  const {pool, random, pipelineOf} = draft;
  const node = Math.floor(random() * pool.count);
  const draw = random();
  const near = Math.floor(draw * draw * pool.neighboursPerNode);
  const other = intAt(pool.neighbours, node * pool.neighboursPerNode + near);
  const at = intAt(pipelineOf, node);
  if (at === intAt(pipelineOf, other)) return null;
  return at < 0 ? takeIn(draft, node, other) : bringNear(draft, node, other);
}

/** A spare takes the place of a stage of its neighbour's pipeline, or joins it. */
function takeIn({random, pipelineOf, sets}: Draft, spare: number, neighbour: number): Change {
  const at = intAt(pipelineOf, neighbour);
  const set = sets[at] ?? [];
  const leaves = random() < 0.25 ? -1 : pick(set, random);
  return {at, set: exchange(set, leaves, spare), otherAt: -1, otherSet: []};
}

/** `other` comes into the pipeline of `node`, which it is near to, for one that leaves, or for none. */
function bringNear({random, pipelineOf, sets}: Draft, node: number, other: number): Change | null {
  const at = intAt(pipelineOf, node);
  const otherAt = intAt(pipelineOf, other);
  const set = sets[at] ?? [];
  const otherSet = otherAt < 0 ? [] : (sets[otherAt] ?? []);
  const joins = random() < 0.25;
  if (joins) {
    if (otherSet.length === 1) return null;
    return {at, set: exchange(set, -1, other), otherAt, otherSet: exchange(otherSet, other, -1)};
  }
  const leaves = set.length === 1 ? node : pickBut(set, random, node);
  return {
    at,
    set: exchange(set, leaves, other),
    otherAt,
    otherSet: exchange(otherSet, other, leaves),
  };
}

function pick(set: NodeSet, random: NextRandom): number {
  return set[Math.floor(random() * set.length)] ?? -1;
}

function pickBut(set: NodeSet, random: NextRandom, node: number): number {
  const at = Math.floor(random() * (set.length - 1));
  const picked = set[at] ?? -1;
  return picked === node ? (set.at(-1) ?? -1) : picked;
}

/** The set without `leaves` and with `comes`; -1 for neither. */
function exchange(set: NodeSet, leaves: number, comes: number): NodeSet {
  const changed: number[] = [];
  for (const node of set) if (node !== leaves) changed.push(node);
  if (comes >= 0) changed.push(comes);
  return changed;
}

/** Makes a change when its weighed step times are not worse by more than `thresholdMs`. */
function makeUnlessWorse(draft: Draft, change: Change, thresholdMs: number): void {
  const {pool, stepMs} = draft;
  const {at, set, otherAt, otherSet} = change;
  if (!keepsRoom(draft, at, set) || !keepsRoom(draft, otherAt, otherSet)) return;
  const ms = stepMsOf(pool, set);
  let gainMs = weighedMs(draft, realAt(stepMs, at)) - weighedMs(draft, ms);
  let otherMs = 0;
  if (otherAt >= 0) {
    gainMs += weighedMs(draft, realAt(stepMs, otherAt));
    if (gainMs < -thresholdMs) return;
    otherMs = stepMsOf(pool, otherSet);
    gainMs -= weighedMs(draft, otherMs);
  }
  if (gainMs < -thresholdMs) return;
  free(draft, change);
  settle(draft, at, set, ms);
  leaveOut(draft, at);
  if (otherAt < 0) return;
  settle(draft, otherAt, otherSet, otherMs);
  leaveOut(draft, otherAt);
}

/** False when a pipeline that holds the model would certainly hold it no more. */
function keepsRoom({pool, stepMs}: Draft, at: number, set: NodeSet): boolean {
  return at < 0 || realAt(stepMs, at) >= SHORT_MS || hasRoom(pool, set);
}

/** Capacity in the middle of a pipeline is the most that any place offers. */
function hasRoom({plain, cellCount}: PlanningPool, set: NodeSet): boolean {
  let room = 0;
  for (const node of set) room += intAt(plain, node);
  return room >= cellCount;
}

function free({sets, pipelineOf}: Draft, {at, otherAt}: Change): void {
  for (const node of sets[at] ?? []) pipelineOf[node] = -1;
  if (otherAt >= 0) for (const node of sets[otherAt] ?? []) pipelineOf[node] = -1;
}

function settle({sets, stepMs, pipelineOf}: Draft, at: number, set: NodeSet, ms: number): void {
  for (const node of set) pipelineOf[node] = at;
  sets[at] = set;
  stepMs[at] = ms;
}

/** Leaves out the first stage without which the pipeline is faster. */
function leaveOut(draft: Draft, at: number): void {
  const {pool, sets, stepMs, pipelineOf} = draft;
  const set = sets[at] ?? [];
  const wasMs = realAt(stepMs, at);
  if (set.length < 3 || wasMs >= SHORT_MS) return;
  for (const node of set) {
    const fewer = exchange(set, node, -1);
    if (!hasRoom(pool, fewer)) continue;
    const ms = stepMsOf(pool, fewer);
    if (ms >= wasMs) continue;
    pipelineOf[node] = -1;
    settle(draft, at, fewer, ms);
    return;
  }
}
