import {realAt} from '../../table-access.ts';
import type {SwarmSnapshot} from '../../swarm-snapshot.ts';
import type {RouteTrust} from '../chain.ts';
import type {NodeCosts} from '../node-costs.ts';
import {median, ordinaryNode} from './ordinary-node.ts';

/**
 * Counts each node as an ordinary one as far as nothing that it says of itself has come true: not
 * faster, no less busy, no nearer to the others than the median node, and of the layers that it
 * holds beyond the usual number each as dear as a hop more. What makes a node worse
 * than others is believed at once: nobody gains by it. Changes `costs`. O(N).
 */
export function doubtCosts(costs: NodeCosts, snapshot: SwarmSnapshot, trust: RouteTrust): void {
  const ordinary = ordinaryNode(snapshot);
  const {workMs, layersHeld, idleLayerMs, idleHopMs, doubtLayerMs, doubtHopMs} = costs;
  const {addedLayerMs, addedHopMs} = costs;
  const serving = snapshot.nodes.flatMap(({shards}, at) => (shards.length > 0 ? [at] : []));
  const usualWorkMs = median(serving.map((at) => realAt(workMs, at)));
  for (const at of serving) {
    const doubt = 1 - believed(trust, snapshot, at);
    if (doubt <= 0) continue;
    const held = realAt(layersHeld, at);
    const extraHops = Math.max(0, held / ordinary.layersHeld - 1);
    const nearer = Math.max(0, ordinary.linkMs - realAt(ordinary.linkMsOf, at));
    idleLayerMs[at] = towards(realAt(idleLayerMs, at), ordinary.layerMs, doubt);
    idleHopMs[at] = towards(realAt(idleHopMs, at), ordinary.hopMs, doubt);
    addedLayerMs[at] = towards(realAt(addedLayerMs, at), ordinary.addedLayerMs, doubt);
    addedHopMs[at] = towards(realAt(addedHopMs, at), ordinary.addedHopMs, doubt);
    workMs[at] = towards(realAt(workMs, at), usualWorkMs, doubt);
    doubtLayerMs[at] = (doubt * extraHops * (ordinary.hopMs + ordinary.linkMs)) / Math.max(1, held);
    // The way to it and the way from it.
    doubtHopMs[at] = 2 * doubt * nearer;
  }
}

function believed({earned, ofStrangers}: RouteTrust, {nodes}: SwarmSnapshot, at: number): number {
  const nodeId = nodes[at]?.nodeId;
  return nodeId === undefined ? 0 : (earned.get(nodeId) ?? ofStrangers);
}

/** What is better than usual becomes usual as far as it is doubted. */
function towards(stated: number, usual: number, doubt: number): number {
  return stated + doubt * Math.max(0, usual - stated);
}
