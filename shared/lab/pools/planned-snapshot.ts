import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {PeerId} from '#shared/base/ids.ts';
import type {LayerSpan} from '../../scheduling/scheduling-event.ts';
import {
  snapshotOfNodes,
  type PlacedShard,
  type SwarmSnapshot,
} from '../../scheduling/swarm-snapshot.ts';

type Placement = LayerSpan & {readonly nodeId: PeerId};

/** The swarm as it looks once every node serves what a plan gave it, with no session open. */
export function plannedSnapshot(
  snapshot: SwarmSnapshot,
  grid: CutGrid,
  placements: readonly Placement[],
): SwarmSnapshot {
  const shardOfNode = new Map<PeerId, PlacedShard>();
  for (const {nodeId, startLayer, endLayer} of placements) {
    const shard = {
      startLayer,
      endLayer,
      embedding: startLayer === 0,
      lmHead: endLayer === grid.layerCount,
    };
    shardOfNode.set(nodeId, shard);
  }
  const nodes = snapshot.nodes.map((node) => {
    const shard = shardOfNode.get(node.nodeId);
    return {...node, shards: shard === undefined ? [] : [shard], claim: null, openSessions: 0};
  });
  return snapshotOfNodes(nodes, snapshot.takenAtMs);
}
