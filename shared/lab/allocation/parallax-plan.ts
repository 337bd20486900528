import {completePlan, pipelineWith} from '../../scheduling/allocation/planner/allocate-layers.ts';
import type {SchedulingEvent} from '../../scheduling/scheduling-event.ts';
import {allocateByDp, DP_STATE_BUDGET} from './dp-allocator.ts';
import type {Pipeline, Plan} from '../../scheduling/allocation/plan.ts';
import type {PlanningPool} from '../../scheduling/allocation/planning-pool.ts';
import {
  byCapacity,
  parallaxGreedySets,
} from '../../scheduling/allocation/planner/parallax-greedy.ts';
import {parallaxPairing} from './parallax-pairing.ts';
import {measuredView, type ParallaxView} from './parallax-view.ts';
import {parallaxWaterFill, type FilledPipeline} from './parallax-water-fill.ts';

/** Pipelines as Parallax makes them from node sets: water-filled, then paired again. */
function parallaxPipelines(
  pool: PlanningPool,
  sets: readonly (readonly number[])[],
  view: ParallaxView = measuredView(pool),
): readonly Pipeline[] {
  const filled: FilledPipeline[] = [];
  for (const set of sets) {
    const pipeline = parallaxWaterFill(pool, set, view);
    // Parallax raises here, and keeps what it has placed until then.
    if (pipeline === null) break;
    filled.push(pipeline);
  }
  return parallaxPairing(pool, filled, view).map(({order, cells}) =>
    pipelineWith(pool, order, cells),
  );
}

/**
 * What Parallax's own code makes of a pool (commit 162354a): its greedy
 * planner in join order and in order of capacity, each after its round-robin
 * pairing, the better one: more pipelines, then the lower mean. RTT-blind when
 * it places layers. The stated step times are honest: links and way back count.
 */
export function parallaxPlan(
  pool: PlanningPool,
  joinOrder: readonly number[],
  view: ParallaxView = measuredView(pool),
): Plan {
  const inJoinOrder = parallaxGreedyPlan(pool, joinOrder, view);
  const sorted = parallaxGreedyPlan(pool, byCapacity(pool, joinOrder), view);
  return isBetter(sorted.pipelines, inJoinOrder.pipelines) ? sorted : inJoinOrder;
}

/** The same for one order of the nodes. */
export function parallaxGreedyPlan(
  pool: PlanningPool,
  order: readonly number[],
  view: ParallaxView = measuredView(pool),
): Plan {
  return completePlan(pool, parallaxPipelines(pool, parallaxGreedySets(pool, order), view));
}

/**
 * What Parallax makes of a pool with its strategy "dp", its default: k² / stages
 * (its `alpha` is stored and never read), nodes in join order. It has no bound:
 * from some 20 mixed nodes on it takes minutes. Here it gives up after a budget
 * of states, with the best of the numbers of pipelines seen so far.
 */
export function parallaxDpPlan(
  pool: PlanningPool,
  joinOrder: readonly number[],
  view: ParallaxView = measuredView(pool),
): Plan {
  const {sets, gaveUpAt} = allocateByDp({
    pool,
    order: joinOrder,
    score: (pipelineCount, stageCount) => (pipelineCount * pipelineCount) / stageCount,
    stateBudget: DP_STATE_BUDGET,
  });
  const gaveUp: readonly SchedulingEvent[] =
    gaveUpAt === null
      ? []
      : [{kind: 'dp-gave-up', pipelines: gaveUpAt, stateBudget: DP_STATE_BUDGET}];
  return completePlan(pool, parallaxPipelines(pool, sets, view), {events: gaveUp});
}

function isBetter(a: readonly Pipeline[], b: readonly Pipeline[]): boolean {
  if (a.length !== b.length) return a.length > b.length;
  return meanMs(a) < meanMs(b);
}

function meanMs(pipelines: readonly Pipeline[]): number {
  return pipelines.reduce((sum, {stepMs}) => sum + stepMs, 0) / Math.max(1, pipelines.length);
}
