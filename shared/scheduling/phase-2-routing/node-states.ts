import type {SwarmSnapshot} from '../swarm-snapshot.ts';
import type {RouteOverlay, RouteRequest} from './chain.ts';

/** Why a node takes no part in a chain, or 0 when it may. */
export const USABLE = 0;
export const DISTRUSTED = 1;
export const FULL = 2;

/** What every node is to one request of one client, by its position in the snapshot. O(N). */
export function nodeStates(
  snapshot: SwarmSnapshot,
  request: RouteRequest,
  overlay: RouteOverlay,
): Uint8Array {
  // The last new token is never fed back, so it needs no place in the cache.
  const kvTokens = request.promptTokens + request.newTokens - 1;
  return Uint8Array.from(snapshot.nodes, (node) => {
    if (overlay.distrusted.has(node.nodeId)) return DISTRUSTED;
    if (request.whenFull === 'queue') return USABLE;
    const sessions = node.openSessions + (overlay.promised.get(node.nodeId)?.sessions ?? 0);
    return sessions >= node.maxSessions || node.kvTokensFree < kvTokens ? FULL : USABLE;
  });
}
