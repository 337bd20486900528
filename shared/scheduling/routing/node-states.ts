import type {SwarmSnapshot} from '../swarm-snapshot.ts';
import type {PeerId} from '#shared/base/ids.ts';
import type {RouteOverlay, RouteRequest} from './chain.ts';

/** Why a node takes no part in a chain, or 0 when it may. */
export const USABLE = 0;
export const DISTRUSTED = 1;
export const FULL = 2;
/** Holds no session, and has too small a cache all the same: waiting is no use. */
export const TOO_SMALL = 3;

/** What every node is to one request of one client, by its position in the snapshot. O(N). */
export function nodeStates(
  snapshot: SwarmSnapshot,
  request: RouteRequest,
  overlay: RouteOverlay,
): Uint8Array {
  // The last new token is never fed back, so it needs no place in the cache.
  const kvTokens = request.promptTokens + request.newTokens - 1;
  const state = new Uint8Array(snapshot.nodes.length);
  for (const [at, node] of snapshot.nodes.entries()) {
    if (isAvoided(overlay, node.nodeId)) state[at] = DISTRUSTED;
    else if (request.whenFull === 'refuse') {
      const sessions = node.openSessions + (overlay.promised.get(node.nodeId)?.sessions ?? 0);
      const isFull = sessions >= node.maxSessions || node.kvTokensFree < kvTokens;
      if (isFull) state[at] = sessions === 0 && node.maxSessions > 0 ? TOO_SMALL : FULL;
    }
  }
  return state;
}

/** Whether this client asks the node nothing. */
function isAvoided({distrusted, shunned, restrained}: RouteOverlay, nodeId: PeerId): boolean {
  return distrusted.has(nodeId) || shunned.has(nodeId) || restrained.has(nodeId);
}
