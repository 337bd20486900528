import {completePlan, pipelineWith} from '../../scheduling/allocation/planner/allocate-layers.ts';
import {cellSpan} from '../../scheduling/allocation/coverage.ts';
import {longestFrom} from '../../scheduling/allocation/fitting-range.ts';
import type {Pipeline, Plan} from '../../scheduling/allocation/plan.ts';
import type {PlanningPool} from '../../scheduling/allocation/planning-pool.ts';

/**
 * Phase 1 left out, for comparison: nodes in the order in which they joined
 * each take as many of the next layers as fit, and after the last layer it
 * starts again. No speed, no distance, no choice. O(N).
 */
export function inTurnPlan(pool: PlanningPool, joinOrder: readonly number[]): Plan {
  const pipelines: Pipeline[] = [];
  let order: number[] = [];
  let cells: number[] = [];
  let startLayer = 0;
  for (const node of joinOrder) {
    const capacity = pool.snapshot.nodes[node]?.capacityLayers;
    const shard = capacity === undefined ? null : longestFrom(pool.grid, capacity, startLayer);
    if (shard === null) continue;
    const [from, to] = cellSpan(pool.grid, shard);
    order.push(node);
    cells.push(to - from);
    startLayer = shard.endLayer;
    if (startLayer < pool.grid.layerCount) continue;
    pipelines.push(pipelineWith(pool, order, cells));
    order = [];
    cells = [];
    startLayer = 0;
  }
  return completePlan(pool, pipelines);
}
