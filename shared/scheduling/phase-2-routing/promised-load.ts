import type {PeerId} from '#shared/ids.ts';
import {hopServiceMs} from '../cost-model.ts';
import type {SwarmSnapshot} from '../swarm-snapshot.ts';
import type {ChainHop, PromisedLoad} from './chain.ts';

/**
 * The load that a client has promised, with that of one more chain (`sign` 1)
 * or one less (-1): added when a chain is chosen, taken away when its answer
 * ends. Pure; O(nodes with load).
 */
export function withChain(
  promised: ReadonlyMap<PeerId, PromisedLoad>,
  snapshot: SwarmSnapshot,
  hops: readonly ChainHop[],
  sign: 1 | -1,
): ReadonlyMap<PeerId, PromisedLoad> {
  const next = new Map(promised);
  for (const {nodeId, startLayer, endLayer} of hops) {
    const node = snapshot.nodes[snapshot.indexOf.get(nodeId) ?? -1];
    const before = next.get(nodeId) ?? {sessions: 0, workMsPerToken: 0};
    const workMs = node === undefined ? 0 : hopServiceMs(node, endLayer - startLayer);
    const sessions = before.sessions + sign;
    if (sessions <= 0) next.delete(nodeId);
    else next.set(nodeId, {sessions, workMsPerToken: before.workMsPerToken + sign * workMs});
  }
  return next;
}
