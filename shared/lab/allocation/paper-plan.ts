import {intAt, realAt} from '../../scheduling/table-access.ts';
import type {SchedulingEvent} from '../../scheduling/scheduling-event.ts';
import {completePlan, pipelineWith} from '../../scheduling/allocation/planner/allocate-layers.ts';
import type {AllocationQuestion} from './allocation-question.ts';
import type {Pipeline, Plan} from '../../scheduling/allocation/plan.ts';
import type {PlanningPool} from '../../scheduling/allocation/planning-pool.ts';
import {allocateByDp, DP_STATE_BUDGET} from './dp-allocator.ts';
import {nearRegions} from './near-regions.ts';
import {
  byCapacity,
  parallaxGreedySets,
} from '../../scheduling/allocation/planner/parallax-greedy.ts';
import {measuredView} from './parallax-view.ts';
import {parallaxWaterFill} from './parallax-water-fill.ts';

type Sets = {
  readonly sets: readonly (readonly number[])[];
  readonly events: readonly SchedulingEvent[];
};

/**
 * Phase 1 as the paper has it (arXiv 2509.26182, section 3): nodes in order of
 * capacity, the DP over them, the number of pipelines by
 * Z(k) = k^α / (T_comp + s*(k)/k · r_RTT), water-filling inside each. T_comp is
 * the mean time of all layers on one node, r_RTT the mean link of the pool.
 * Where the DP gives up, the greedy planner decides ("latency-dominant": fewest
 * stages, most replicas). Exponential up to the budget, then O(N²).
 */
export function paperDpPlan(question: AllocationQuestion): Plan {
  const {pool} = question;
  const {sets, events} = setsOf(question, byCapacity(pool), DP_STATE_BUDGET);
  return completePlan(pool, waterFilled(pool, sets), {events});
}

/**
 * The paper's region-based heuristic: the same inside each region alone, so no
 * pipeline crosses a border and what is left in each stays idle. The budget of
 * states is shared out evenly.
 */
export function paperRegionPlan(question: AllocationQuestion): Plan {
  const {pool} = question;
  const regions = nearRegions(pool);
  const budget = Math.floor(DP_STATE_BUDGET / Math.max(1, regions.length));
  const each = regions.map((region) => {
    const members = new Set(region);
    const order = byCapacity(pool).filter((node) => members.has(node));
    return setsOf(question, order, budget);
  });
  const sets = each.flatMap((region) => region.sets);
  const grouped = {kind: 'grouped', groups: regions.length, nodes: pool.count} as const;
  const events = [grouped, ...each.flatMap((region) => region.events)];
  return completePlan(pool, waterFilled(pool, sets), {events});
}

function setsOf(
  {pool, target}: AllocationQuestion,
  order: readonly number[],
  stateBudget: number,
): Sets {
  const computeMs = meanOf(order.map((node) => realAt(pool.cellMs, node) * pool.cellCount));
  const linkMs = meanLinkMs(pool, order);
  const score = (pipelineCount: number, stageCount: number) =>
    power(pipelineCount, target.alpha) / (computeMs + (stageCount / pipelineCount) * linkMs);
  const {sets, gaveUpAt} = allocateByDp({pool, order, score, stateBudget});
  if (gaveUpAt === null) return {sets, events: []};
  return {
    sets: parallaxGreedySets(pool, order),
    events: [{kind: 'dp-gave-up', pipelines: gaveUpAt, stateBudget}],
  };
}

/** A set that has no room for its ends is left out; Parallax's code raises there. */
function waterFilled(
  pool: PlanningPool,
  sets: readonly (readonly number[])[],
): readonly Pipeline[] {
  const view = measuredView(pool);
  return sets.flatMap((set) => {
    const filled = parallaxWaterFill(pool, set, view);
    const isWhole = filled !== null && fits(pool, filled.order);
    return isWhole ? [pipelineWith(pool, filled.order, filled.cells)] : [];
  });
}

/** Water-filling does not charge a single node for its LM head. */
function fits(pool: PlanningPool, order: readonly number[]): boolean {
  return order.length > 1 || intAt(pool.both, order[0] ?? 0) >= pool.cellCount;
}

function meanLinkMs({oneWayMs, count}: PlanningPool, nodes: readonly number[]): number {
  const links = nodes.flatMap((a) =>
    nodes.filter((b) => b !== a).map((b) => realAt(oneWayMs, a * count + b)),
  );
  return meanOf(links);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** `base` to a power in quarters, by roots and products: phase 1 knows no `pow`. */
function power(base: number, exponent: number): number {
  const quarter = Math.sqrt(Math.sqrt(base));
  let result = 1;
  for (let k = 0; k < Math.round(exponent * 4); k += 1) result *= quarter;
  return result;
}
