import type {PeerId} from '#shared/base/ids.ts';
import {addedStepMs, batchMs, promptLinkMs} from '../cost-model.ts';
import {realAt} from '../table-access.ts';
import type {SnapshotNode, SwarmSnapshot} from '../swarm-snapshot.ts';
import {
  EMPTY_OVERLAY,
  type ChainHop,
  type PromisedLoad,
  type RouteOverlay,
  type RouteRequest,
} from './chain.ts';
import type {HopCosts} from './hop-costs.ts';
import {nodeStates} from './node-states.ts';

/** What a hop on each node costs this client now, by the node's position in the snapshot. */
export type NodeCosts = HopCosts & {
  readonly idleLayerMs: Float64Array;
  readonly idleHopMs: Float64Array;
  /** Of these, what a session more adds where others run already. */
  readonly addedLayerMs: Float64Array;
  readonly addedHopMs: Float64Array;
  /** The most layers that a hop there can run. */
  readonly layersHeld: Float64Array;
  /** Work for one token of each session at the node, run as one. */
  readonly workMs: Float64Array;
  /** What doubt about a node adds to its costs, never to a predicted time. */
  readonly doubtLayerMs: Float64Array;
  readonly doubtHopMs: Float64Array;
};

/**
 * What nodes say of themselves, with what this client has seen of them and
 * promised to them. O(N). `layerMs` and `hopMs` are without waiting until
 * `chargeWaiting` has been called.
 */
export function nodeCosts(
  snapshot: SwarmSnapshot,
  request: RouteRequest,
  overlay: RouteOverlay,
): NodeCosts {
  const {nodes} = snapshot;
  const costs = {
    state: nodeStates(snapshot, request, overlay),
    idleLayerMs: new Float64Array(nodes.length),
    idleHopMs: new Float64Array(nodes.length),
    addedLayerMs: new Float64Array(nodes.length),
    addedHopMs: new Float64Array(nodes.length),
    layersHeld: new Float64Array(nodes.length),
    layerMs: new Float64Array(nodes.length),
    hopMs: new Float64Array(nodes.length),
    sendMs: new Float64Array(nodes.length),
    workMs: new Float64Array(nodes.length),
    doubtLayerMs: new Float64Array(nodes.length),
    doubtHopMs: new Float64Array(nodes.length),
  };
  const {newTokens} = request;
  const isLiar = (nodeId: PeerId) => overlay.avoided.has(nodeId) || overlay.shunned.has(nodeId);
  const promptBytes = request.promptTokens * (request.hiddenStateBytes ?? 0);
  for (const [at, node] of nodes.entries()) {
    const {uplinkBytesPerSec} = node;
    const statedMs = batchMs(node.decodeMsPerLayer, 1);
    const layerMs = overlay.observedMsPerLayer.get(node.nodeId) ?? statedMs;
    const slowdown = statedMs > 0 ? layerMs / statedMs : 1;
    // What a liar says of its load must not move the level on which all others are measured.
    const openSessions = isLiar(node.nodeId) ? 0 : node.openSessions;
    const layersHeld = mostLayers(node);
    costs.idleLayerMs[at] = layerMs;
    costs.idleHopMs[at] = node.hopOverheadMs;
    costs.addedLayerMs[at] = slowdown * node.decodeMsPerLayer.perSessionMs;
    costs.addedHopMs[at] = addedStepMs(node, 0);
    costs.layersHeld[at] = layersHeld;
    costs.layerMs[at] = layerMs;
    costs.hopMs[at] = node.hopOverheadMs;
    costs.sendMs[at] = promptLinkMs({promptBytes, newTokens, uplinkBytesPerSec});
    const {sessions, workMsPerToken} = overlay.promised.get(node.nodeId) ?? NOTHING_PROMISED;
    if (openSessions + sessions <= 0) continue;
    // Which of its layers the sessions use is not in the record: all of them.
    const addedMs = openSessions * addedMsOf(costs, at, layersHeld) + workMsPerToken;
    costs.workMs[at] = Math.max(0, fixedMsOf(costs, at) + addedMs);
  }
  return costs;
}

const NOTHING_PROMISED: PromisedLoad = {sessions: 0, workMsPerToken: 0};

type StepParts = Pick<
  NodeCosts,
  'idleLayerMs' | 'idleHopMs' | 'addedLayerMs' | 'addedHopMs' | 'layersHeld'
>;

/** What a step of one session takes at a node where nobody else is. */
export function aloneMsOf({idleLayerMs, idleHopMs}: StepParts, at: number, layers: number): number {
  return layers * realAt(idleLayerMs, at) + realAt(idleHopMs, at);
}

/** What a session adds to the steps of others at a node. */
export function addedMsOf(
  {addedLayerMs, addedHopMs}: StepParts,
  at: number,
  layers: number,
): number {
  return layers * realAt(addedLayerMs, at) + realAt(addedHopMs, at);
}

/** What the steps of all sessions at a node take once. */
function fixedMsOf(costs: StepParts, at: number): number {
  const layers = realAt(costs.layersHeld, at);
  return Math.max(0, aloneMsOf(costs, at, layers) - addedMsOf(costs, at, layers));
}

/** The same of a swarm in which no session is open. */
export function idleCosts(snapshot: SwarmSnapshot): NodeCosts {
  const request = {promptTokens: 0, newTokens: 0, whenFull: 'queue'} as const;
  const costs = nodeCosts(snapshot, request, EMPTY_OVERLAY);
  costs.workMs.fill(0);
  return costs;
}

/** The most layers that a hop on this node can run. */
export function mostLayers({shards}: SnapshotNode): number {
  return shards.reduce((most, shard) => Math.max(most, shard.endLayer - shard.startLayer), 0);
}

/** Adds the work of sessions on one chain. Changes `workMs`. O(hops), however many sessions. */
export function addSessions(
  costs: NodeCosts,
  snapshot: SwarmSnapshot,
  {hops, sessions}: {readonly hops: readonly ChainHop[]; readonly sessions: number},
): void {
  const {workMs} = costs;
  for (const {nodeId, startLayer, endLayer} of hops) {
    const at = snapshot.indexOf.get(nodeId);
    if (at === undefined) continue;
    const addedMs = addedMsOf(costs, at, endLayer - startLayer);
    const fixedMs = realAt(workMs, at) > 0 ? 0 : fixedMsOf(costs, at);
    workMs[at] = realAt(workMs, at) + fixedMs + sessions * addedMs;
  }
}
