import type {PeerId} from '#shared/base/ids.ts';
import {snapshotOfNodes, type PlacedShard, type SnapshotNode} from '../../swarm-snapshot.ts';
import type {AllocationTarget} from '../allocation-target.ts';
import {bestShard, placementOrder} from '../best-shard.ts';
import {addShard, gapsOf, type Coverage} from '../coverage.ts';
import {shardOf} from '../fitting-range.ts';
import {planningPoolOf} from '../planning-pool.ts';
import {planPool} from './allocate-layers.ts';

export type JoinQuestion = {
  /** What the others serve. */
  readonly coverage: Coverage;
  readonly waiting: readonly SnapshotNode[];
  readonly target: AllocationTarget;
};

/**
 * What each waiting node should take, as all of them can work it out alike:
 * gaps first, then as the planner has it (`planPool`): whole pipelines among
 * themselves, and what is served least. Changes `coverage` to what it will be.
 */
export function joinTogether({
  coverage,
  waiting,
  target,
}: JoinQuestion): ReadonlyMap<PeerId, PlacedShard> {
  const placed = new Map<PeerId, PlacedShard>();
  const place = (node: SnapshotNode, shard: PlacedShard) => {
    placed.set(node.nodeId, shard);
    addShard(coverage, node, shard);
  };
  const isEmpty = coverage.replicas.every((count) => count === 0);
  for (const node of waiting.toSorted(placementOrder)) {
    if (isEmpty || gapsOf(coverage).length === 0) break;
    const best = bestShard(coverage, node);
    if (best !== null) place(node, best.shard);
  }
  const free = snapshotOfNodes(
    waiting.filter(({nodeId}) => !placed.has(nodeId)),
    0,
  );
  const {grid} = coverage;
  const {pipelines, replicas} = planPool(planningPoolOf(free, grid), target, coverage);
  for (const stage of [...pipelines.flatMap(({stages}) => stages), ...replicas]) {
    const node = free.nodes[free.indexOf.get(stage.nodeId) ?? -1];
    if (node !== undefined) place(node, shardOf(grid, stage.startLayer, stage.endLayer));
  }
  return placed;
}
