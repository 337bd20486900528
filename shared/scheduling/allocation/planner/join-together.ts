import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {PeerId} from '#shared/base/ids.ts';
import {snapshotOfNodes, type PlacedShard, type SnapshotNode} from '../../swarm-snapshot.ts';
import {throughputShareOf, type AllocationTarget} from '../allocation-target.ts';
import {bestShard, placementOrder} from '../best-shard.ts';
import {addShard, gapsOf, type Coverage} from '../coverage.ts';
import {fillCells} from './fill-layers.ts';
import {shardOf} from '../fitting-range.ts';
import {formPipelines} from './form-pipelines.ts';
import {improvePipelines} from './improve-pipelines.ts';
import {PipelineCost, SHORT_MS} from './pipeline-cost.ts';
import {planningPoolOf} from '../planning-pool.ts';

/** Cheap enough to run in every tab at each snapshot; see `choosePipelines` for the long search. */
const JOIN_STEPS = 2000;

export type JoinQuestion = {
  /** What the others serve. */
  readonly coverage: Coverage;
  readonly waiting: readonly SnapshotNode[];
  readonly target: AllocationTarget;
};

/**
 * What each waiting node should take, as all of them can work it out alike:
 * gaps first, then whole pipelines among themselves, then what is served
 * least. Changes `coverage` to what it will be.
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
  const queue = waiting.toSorted(placementOrder);
  for (const node of queue) {
    if (isEmpty || gapsOf(coverage).length === 0) break;
    const best = bestShard(coverage, node);
    if (best !== null) place(node, best.shard);
  }
  const free = () => queue.filter(({nodeId}) => !placed.has(nodeId));
  const {grid} = coverage;
  for (const {node, shard} of wholePipelines({grid, nodes: free(), target})) {
    place(node, shard);
  }
  for (const node of free()) {
    const best = bestShard(coverage, node);
    if (best !== null) place(node, best.shard);
  }
  return placed;
}

type PipelineQuestion = {
  readonly grid: CutGrid;
  readonly nodes: readonly SnapshotNode[];
  readonly target: AllocationTarget;
};

function wholePipelines({grid, nodes, target}: PipelineQuestion) {
  if (nodes.length < 2) return [];
  const pool = planningPoolOf(snapshotOfNodes(nodes, 0), grid);
  const cost = new PipelineCost(pool);
  const formed = formPipelines(pool);
  const budget = {
    steps: JOIN_STEPS,
    firstThreshold: 0.3,
    seed: 1,
    leastCount: formed.length,
    worthSteps: Infinity,
  };
  return improvePipelines(cost, formed, budget).flatMap((set) => {
    const {order, stepMs} = cost.arrange(set);
    const cells = stepMs < SHORT_MS ? fillCells(pool, order, throughputShareOf(target)) : null;
    let endLayer = 0;
    return (cells ?? []).flatMap((count, k) => {
      const startLayer = endLayer;
      endLayer = Math.min(startLayer + count * grid.cutEvery, grid.layerCount);
      const node = pool.snapshot.nodes[order[k] ?? -1];
      return node === undefined ? [] : [{node, shard: shardOf(grid, startLayer, endLayer)}];
    });
  });
}
