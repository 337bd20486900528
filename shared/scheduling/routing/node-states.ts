import type {SnapshotNode, SwarmSnapshot} from '../swarm-snapshot.ts';
import type {PeerId} from '#shared/base/ids.ts';
import type {AvoidedWhy, RouteOverlay, RouteRequest} from './chain.ts';

/** Why a node takes no part in a chain, or 0 when it may. */
export const USABLE = 0;
export const DISTRUSTED = 1;
export const FULL = 2;
/** Its whole cache is too small: waiting is no use. */
export const TOO_SMALL = 3;
export const SILENT = 4;
export const UNREACHABLE = 5;

const AVOIDED: Readonly<Record<AvoidedWhy, number>> = {
  full: FULL,
  distrusted: DISTRUSTED,
  silent: SILENT,
  unreachable: UNREACHABLE,
};

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
    const avoided = overlay.avoided.get(node.nodeId);
    if (avoided !== undefined) state[at] = AVOIDED[avoided];
    else if (isHeldBack(overlay, node.nodeId)) state[at] = DISTRUSTED;
    else if (request.whenFull === 'refuse') {
      const sessions = node.openSessions + (overlay.promised.get(node.nodeId)?.sessions ?? 0);
      const isFull = sessions >= node.maxSessions || node.kvTokensFree < kvTokens;
      const isTooSmall = node.maxSessions > 0 && mostKvTokens(node, sessions) < kvTokens;
      if (isFull) state[at] = isTooSmall ? TOO_SMALL : FULL;
    }
  }
  return state;
}

/** What a session could have if the node held no other; `Infinity` when that is not known. */
export function mostKvTokens(
  {kvTokens, kvTokensFree}: Pick<SnapshotNode, 'kvTokens' | 'kvTokensFree'>,
  sessions: number,
): number {
  // A node that holds nothing has all of its cache free.
  const stated = kvTokens ?? (sessions === 0 ? kvTokensFree : Infinity);
  return Math.max(stated, kvTokensFree);
}

/** Whether this client asks the node only where no chain does without it. */
function isHeldBack({shunned, restrained}: RouteOverlay, nodeId: PeerId): boolean {
  return shunned.has(nodeId) || restrained.has(nodeId);
}
