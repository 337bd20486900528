import {seededRandom} from '../../seeded-choice.ts';
import type {NodeSet} from './form-pipelines.ts';
import type {PipelineCost} from './pipeline-cost.ts';
import {PipelineDraft} from './pipeline-draft.ts';

/** What the search may give up. */
export type SearchLimits = {
  /** Pipelines that may not be given up. */
  readonly leastCount: number;
  /** What a pipeline is worth, in mean steps of the fastest `leastCount`: a slower one may be given up. */
  readonly worthSteps: number;
};

/** Few nodes have few places to change: more steps find nothing more. */
const STEPS_PER_NODE = 400;
/**
 * Changes considered per plan at most, a few ms in a tab. Twelve times as many would make the mean
 * step 1.1 % shorter, half as many 0.9 % longer.
 */
const MOST_STEPS = 7_000;
/** Changes in longer pipelines cost more, by the third power of their stages; so fewer are considered there. */
const SHORT_STAGES = 8;
/** How much worse a change may be at first, as a part of the mean time of a stage. */
const FIRST_THRESHOLD = 0.9;
const SEED = 1;
/** How often the search looks again at what pipelines take, and so are worth. */
const ROUNDS = 16;
/** Before this round nothing is given up: too little is known. */
const FIRST_GIVING_UP = 4;

/**
 * Local search on the true step time: swaps of two nodes, moves from pipeline
 * to pipeline, spares taken in, stages left out, pipelines given up that cost
 * the others more than they are worth; only among nodes that are near each
 * other. A change may be worse by a threshold that falls to zero (Dueck and
 * Scheuer, "Threshold accepting", 1990: annealing without the exp that browsers
 * disagree on). The budget is steps, never milliseconds, and the seed is fixed:
 * every tab gets the same plan. O(steps · m²) for m stages in a pipeline.
 */
export function improvePipelines(
  cost: PipelineCost,
  start: readonly NodeSet[],
  {leastCount, worthSteps}: SearchLimits,
): readonly NodeSet[] {
  if (start.length === 0 || cost.pool.neighboursPerNode === 0) return start;
  const draft = new PipelineDraft(cost, start, seededRandom(SEED));
  const firstMs = (FIRST_THRESHOLD * draft.meanMs(start.length)) / meanSizeOf(start);
  const roundSteps = Math.ceil(searchSteps(cost.pool.count, start) / ROUNDS);
  for (let round = 0; round < ROUNDS; round += 1) {
    const worthMs = worthSteps * draft.meanMs(Math.max(1, leastCount));
    draft.weigh(round < FIRST_GIVING_UP ? Infinity : worthMs, leastCount);
    for (let step = 0; step < roundSteps; step += 1) {
      draft.proposeChange(firstMs * (1 - (round + step / roundSteps) / ROUNDS));
    }
  }
  // The threshold ends at zero: the last state is the best one or next to it.
  return draft.keptSets();
}

/** How many changes are considered: a count, so that slow and fast tabs agree. */
export function searchSteps(nodes: number, start: readonly NodeSet[]): number {
  const longer = Math.max(1, meanSizeOf(start) / SHORT_STAGES);
  const slowness = longer * longer * longer;
  return Math.ceil(Math.min(STEPS_PER_NODE * nodes, MOST_STEPS) / slowness);
}

function meanSizeOf(sets: readonly NodeSet[]): number {
  return sets.reduce((sum, set) => sum + set.length / sets.length, 0);
}
