import {decodeLayerMs, waitMs} from '../cost-model.ts';
import type {NextRandom} from '../seeded-choice.ts';
import {realAt} from '../table-access.ts';
import type {SnapshotNode, SwarmSnapshot} from '../swarm-snapshot.ts';
import type {RouteOverlay, RouteRequest} from './chain.ts';
import {nodeStates} from './node-states.ts';

/** What a hop on each node costs this client now, by the node's position in the snapshot. */
export type NodeCosts = {
  readonly state: Uint8Array;
  readonly idleLayerMs: Float64Array;
  readonly idleHopMs: Float64Array;
  /** The same with the waiting for the sessions that are there. */
  readonly layerMs: Float64Array;
  readonly hopMs: Float64Array;
  /** Work of all sessions at the node, ms per token. */
  readonly workMs: Float64Array;
};

export function nodeCosts(
  snapshot: SwarmSnapshot,
  request: RouteRequest,
  overlay: RouteOverlay,
  idleStepMs: number,
  random: NextRandom,
): NodeCosts {
  const count = snapshot.nodes.length;
  const costs = {
    state: nodeStates(snapshot, request, overlay),
    idleLayerMs: new Float64Array(count),
    idleHopMs: new Float64Array(count),
    layerMs: new Float64Array(count),
    hopMs: new Float64Array(count),
    workMs: new Float64Array(count),
  };
  snapshot.nodes.forEach((node, at) => {
    const promised = overlay.promised.get(node.nodeId);
    const layerMs =
      overlay.observedMsPerLayer.get(node.nodeId) ?? decodeLayerMs(node.decodeMsPerLayer, 1);
    costs.idleLayerMs[at] = layerMs;
    costs.idleHopMs[at] = node.hopOverheadMs;
    costs.workMs[at] = node.openSessions * shardMs(node, layerMs) + (promised?.workMsPerToken ?? 0);
  });
  guessUnseen(snapshot, costs, overlay.unseenSessions, random);
  addLoad(snapshot, costs, idleStepMs);
  return costs;
}

/** How many of the unseen sessions a client reckons, at most, to have gone to one node. */
const UNSEEN_SHARE = 0.4;

function guessUnseen(
  snapshot: SwarmSnapshot,
  costs: NodeCosts,
  unseenSessions: number,
  random: NextRandom,
): void {
  if (unseenSessions <= 0) return;
  snapshot.nodes.forEach((node, at) => {
    const guessed = random() * unseenSessions * UNSEEN_SHARE;
    costs.workMs[at] =
      realAt(costs.workMs, at) + guessed * shardMs(node, realAt(costs.idleLayerMs, at));
  });
}

/** One session through all layers of a node. */
function shardMs(node: SnapshotNode, layerMs: number): number {
  return layersHeld(node) * layerMs + node.hopOverheadMs;
}

function layersHeld({shards}: SnapshotNode): number {
  return shards.reduce((most, shard) => Math.max(most, shard.endLayer - shard.startLayer), 0);
}

function addLoad(snapshot: SwarmSnapshot, costs: NodeCosts, idleStepMs: number): void {
  let busiestMs = 0;
  for (const workMs of costs.workMs) busiestMs = Math.max(busiestMs, workMs);
  snapshot.nodes.forEach((node, at) => {
    const layerMs = realAt(costs.idleLayerMs, at);
    const ownMs = shardMs(node, layerMs);
    const halfWaitMs = waitMs(realAt(costs.workMs, at) + ownMs, busiestMs, idleStepMs) / 2;
    // Half of it for standing in the queue at all, half for the work that is added to it.
    costs.hopMs[at] = node.hopOverheadMs + halfWaitMs;
    costs.layerMs[at] = layerMs + halfWaitMs / Math.max(1, layersHeld(node));
  });
}
