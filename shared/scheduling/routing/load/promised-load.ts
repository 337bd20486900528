import type {PeerId} from '#shared/base/ids.ts';
import {addedStepMs} from '../../cost-model.ts';
import type {SwarmSnapshot} from '../../swarm-snapshot.ts';
import type {ChainHop, PromisedLoad} from '../chain.ts';

/**
 * Adds one session on some hops to what is promised (`sign` 1), or takes it away (-1): below
 * zero where records show what has ended. Hops on nodes that are gone count for nothing.
 * Changes `promised`. O(hops).
 */
export function addPromise(
  promised: Map<PeerId, PromisedLoad>,
  {nodes, indexOf}: SwarmSnapshot,
  {hops, sign}: {readonly hops: readonly ChainHop[]; readonly sign: 1 | -1},
): void {
  for (const {nodeId, startLayer, endLayer} of hops) {
    const node = nodes[indexOf.get(nodeId) ?? -1];
    if (node === undefined) continue;
    const known = promised.get(nodeId) ?? {sessions: 0, workMsPerToken: 0};
    const sessions = known.sessions + sign;
    const workMsPerToken = known.workMsPerToken + sign * addedStepMs(node, endLayer - startLayer);
    if (sessions === 0) promised.delete(nodeId);
    else promised.set(nodeId, {sessions, workMsPerToken});
  }
}
