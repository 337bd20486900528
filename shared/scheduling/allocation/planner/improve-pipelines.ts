import {seededRandom} from '../../seeded-choice.ts';
import type {NodeSet} from './form-pipelines.ts';
import type {PipelineCost} from './pipeline-cost.ts';
import {PipelineDraft} from './pipeline-draft.ts';

export type SearchBudget = {
  /** Changes considered, fewer where pipelines are long: a count, so that slow and fast tabs agree. */
  readonly steps: number;
  /** How much worse a change may be at first, as a part of the mean step time. */
  readonly firstThreshold: number;
  readonly seed: number;
  /** Pipelines that may not be given up. */
  readonly leastCount: number;
  /** What a pipeline is worth, in mean steps of the fastest `leastCount`: a slower one may be given up. */
  readonly worthSteps: number;
};

/** Longer pipelines cost more per change, by the third power of their stages; then fewer are considered. */
const SHORT_STAGES = 8;
/** How often the search looks anew at what pipelines take, and so are worth. */
const STAGES = 16;
/** Before this stage nothing is given up: too little is known. */
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
  {steps, firstThreshold, seed, leastCount, worthSteps}: SearchBudget,
): readonly NodeSet[] {
  if (start.length === 0 || cost.pool.neighboursPerNode === 0) return start;
  const draft = new PipelineDraft(cost, start, seededRandom(seed));
  const firstMs = firstThreshold * draft.meanMs(start.length);
  const stepsPerStage = Math.ceil(steps / slowness(start) / STAGES);
  for (let stage = 0; stage < STAGES; stage += 1) {
    const worthMs = worthSteps * draft.meanMs(Math.max(1, leastCount));
    draft.weigh(stage < FIRST_GIVING_UP ? Infinity : worthMs, leastCount);
    for (let step = 0; step < stepsPerStage; step += 1) {
      draft.proposeChange(firstMs * (1 - (stage + step / stepsPerStage) / STAGES));
    }
  }
  // The threshold ends at zero: the last state is the best one or next to it.
  return draft.keptSets();
}

/** How many times dearer a change is than in pipelines of a few stages. */
function slowness(sets: readonly NodeSet[]): number {
  const stages = sets.reduce((sum, set) => sum + set.length / sets.length, 0);
  const longer = Math.max(1, stages / SHORT_STAGES);
  return longer * longer * longer;
}
