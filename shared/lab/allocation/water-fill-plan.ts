import {completePlan, pipelineWith} from '../../scheduling/allocation/planner/allocate-layers.ts';
import {choosePipelines} from '../../scheduling/allocation/planner/choose-pipelines.ts';
import {PipelineCost} from '../../scheduling/allocation/planner/pipeline-cost.ts';
import type {Plan} from '../../scheduling/allocation/plan.ts';
import type {AllocationQuestion} from './allocation-question.ts';
import {measuredView} from './parallax-view.ts';
import {parallaxWaterFill} from './parallax-water-fill.ts';

/**
 * Our node sets with the paper's order (by capacity) and fill (water-filling):
 * against ours it shows what order and fill bring, against the paper's what
 * the choice of the sets brings. Costs what ours does.
 */
export function waterFillPlan({pool, target}: AllocationQuestion): Plan {
  const {orders, events} = choosePipelines(new PipelineCost(pool), target);
  const view = measuredView(pool);
  const pipelines = orders.flatMap((set) => {
    const filled =
      set.length === 1 ? {order: set, cells: [pool.cellCount]} : parallaxWaterFill(pool, set, view);
    return filled === null ? [] : [pipelineWith(pool, filled.order, filled.cells)];
  });
  return completePlan(pool, pipelines, {events});
}
