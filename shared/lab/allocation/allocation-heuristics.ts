import {planPool} from '../../scheduling/allocation/planner/allocate-layers.ts';
import type {Plan} from '../../scheduling/allocation/plan.ts';
import type {AllocationQuestion} from './allocation-question.ts';
import {inTurnPlan} from './in-turn-plan.ts';
import {paperDpPlan, paperRegionPlan} from './paper-plan.ts';
import {parallaxDpPlan, parallaxPlan} from './parallax-plan.ts';
import {waterFillPlan} from './water-fill-plan.ts';

/** One way to allocate: all take the same question and give the same kind of plan. */
export type AllocationHeuristic = (question: AllocationQuestion) => Plan;

/** Every way to allocate, by the name under which benchmarks and `npm run plan` know it. */
export const ALLOCATION_HEURISTICS = {
  weft: ({pool, target}) => planPool(pool, target),
  'water-fill': waterFillPlan,
  'paper-dp': paperDpPlan,
  'paper-regions': paperRegionPlan,
  parallax: ({pool, joinOrder}) => parallaxPlan(pool, joinOrder),
  'parallax-dp': ({pool, joinOrder}) => parallaxDpPlan(pool, joinOrder),
  'in-turn': ({pool, joinOrder}) => inTurnPlan(pool, joinOrder),
} as const satisfies Readonly<Record<string, AllocationHeuristic>>;
