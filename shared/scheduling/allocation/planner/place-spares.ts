import type {PeerId} from '#shared/base/ids.ts';
import type {SchedulingEvent} from '../../scheduling-event.ts';
import {bestShard, placementOrder} from '../best-shard.ts';
import {addShard, copyOf, gapsOf, type Coverage} from '../coverage.ts';
import {shardOf} from '../fitting-range.ts';
import type {Pipeline, Plan, Stage} from '../plan.ts';
import type {PlanningPool} from '../planning-pool.ts';

/**
 * Nodes outside of the pipelines become extra replicas of the layers with the
 * least capacity to serve. Routing can use any part of any range, so none is
 * wasted; Parallax leaves such nodes idle. Without a pipeline the same gives
 * the best partial plan, and the gaps that are left. O(spares · cells²).
 */
export function placeSpares(
  {snapshot, grid}: PlanningPool,
  pipelines: readonly Pipeline[],
  serving: Coverage,
): Omit<Plan, 'pipelines'> {
  const coverage = copyOf(serving);
  const used = new Set<PeerId>();
  for (const {nodeId, startLayer, endLayer} of pipelines.flatMap(({stages}) => stages)) {
    const node = snapshot.nodes[snapshot.indexOf.get(nodeId) ?? -1];
    if (node !== undefined) addShard(coverage, node, shardOf(grid, startLayer, endLayer));
    used.add(nodeId);
  }
  const replicas: Stage[] = [];
  const spares: PeerId[] = [];
  const events: SchedulingEvent[] = [];
  const rest = snapshot.nodes.filter(({nodeId}) => !used.has(nodeId)).toSorted(placementOrder);
  for (const node of rest) {
    const {nodeId} = node;
    const best = bestShard(coverage, node);
    if (best === null) {
      spares.push(nodeId);
      events.push({kind: 'left-spare', nodeId, why: 'too little memory for one cell'});
      continue;
    }
    addShard(coverage, node, best.shard);
    const {startLayer, endLayer} = best.shard;
    replicas.push({nodeId, startLayer, endLayer});
    events.push({kind: 'replica-placed', nodeId, startLayer, endLayer, why: 'least served'});
  }
  const gaps = gapsOf(coverage);
  if (pipelines.length > 0 || gapsOf(serving).length === 0) {
    return {replicas, spares, missing: [], events};
  }
  const missing =
    gaps.length > 0
      ? gaps.map((gap) => ({...gap, why: 'no-node' as const}))
      : [{startLayer: 0, endLayer: grid.layerCount, why: 'unreachable' as const}];
  return {replicas, spares, missing, events: [...events, {kind: 'capacity-missing', missing}]};
}
