import {decodeLayerMs, loadFactor} from '../cost-model.ts';
import type {SwarmSnapshot} from '../swarm-snapshot.ts';
import type {RouteOverlay, RouteRequest} from './chain.ts';

/** Why a node takes no part in a chain, or 0 when it may. */
export const USABLE = 0;
export const DISTRUSTED = 1;
export const FULL = 2;

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
): NodeCosts {
  const count = snapshot.nodes.length;
  const costs = {
    state: new Uint8Array(count),
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
    const sessions = node.openSessions + (promised?.sessions ?? 0);
    const layersHeld = node.shards.reduce(
      (most, s) => Math.max(most, s.endLayer - s.startLayer),
      0,
    );
    const ownWorkMs = layersHeld * layerMs + node.hopOverheadMs;
    const workMs = node.openSessions * ownWorkMs + (promised?.workMsPerToken ?? 0);
    const factor = loadFactor(workMs, ownWorkMs);
    costs.idleLayerMs[at] = layerMs;
    costs.idleHopMs[at] = node.hopOverheadMs;
    costs.layerMs[at] = layerMs * factor;
    costs.hopMs[at] = node.hopOverheadMs * factor;
    costs.workMs[at] = workMs;
    costs.state[at] = stateOf(
      overlay.distrusted.has(node.nodeId),
      sessions >= node.maxSessions || node.kvTokensFree < request.promptTokens + request.newTokens,
      request.whenFull,
    );
  });
  return costs;
}

function stateOf(
  isDistrusted: boolean,
  isFull: boolean,
  whenFull: RouteRequest['whenFull'],
): number {
  if (isDistrusted) return DISTRUSTED;
  return isFull && whenFull === 'refuse' ? FULL : USABLE;
}
