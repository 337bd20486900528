import type {PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {plannedSnapshot} from '#shared/lab/pools/planned-snapshot.ts';
import type {Plan} from '#shared/scheduling/allocation/plan.ts';
import type {SnapshotNode, SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import type {NodeStart} from '../swarm-script.ts';
import type {VirtualNodeFacts} from '../swarm-script.ts';

/** A prompt token costs this part of a decode step: many of them share one reading of the weights. */
const PREFILL_SHARE = 0.05;

/** The nodes of a pool, serving what a plan gave them from the start. */
export function nodesOfPool(
  {snapshot, model}: {readonly snapshot: SwarmSnapshot; readonly model: CutGrid},
  plan: Plan,
): readonly NodeStart[] {
  const placements = [...plan.pipelines.flatMap(({stages}) => stages), ...plan.replicas];
  return plannedSnapshot(snapshot, model, placements).nodes.map((node) => ({
    facts: factsOfNode(node, node.nodeId),
    joinsMs: 0,
    shard: node.shards[0] ?? null,
  }));
}

/** A pool's node as a virtual one, under another name when it plays a newcomer. */
export function factsOfNode(node: SnapshotNode, id: PeerId): VirtualNodeFacts {
  const {decodeMsPerLayer, hopOverheadMs, capacityLayers, maxSessions, coords} = node;
  const prefillMsPerTokenLayer =
    PREFILL_SHARE * (decodeMsPerLayer.fixedMs + decodeMsPerLayer.perSessionMs);
  return {
    id,
    cost: {decodeMsPerLayer, prefillMsPerTokenLayer, hopOverheadMs},
    capacityLayers,
    coords: coords ?? {at: [0, 0], heightMs: 0, errorMs: 0},
    maxSessions,
    kvTokens: 1_000_000,
    clockSkewMs: 0,
    lie: null,
  };
}
