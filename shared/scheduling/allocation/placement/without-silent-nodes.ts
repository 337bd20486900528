import type {PeerId} from '#shared/base/ids.ts';
import {snapshotOfNodes, type SnapshotNode, type SwarmSnapshot} from '../../swarm-snapshot.ts';
import {isFresh} from './heard-lately.ts';

/**
 * The swarm without nodes that have gone without a word: heard of no more, and out of reach of a node that is there.
 * Their records live on for a while. One alone is not enough: a busy node publishes late, and whom one node cannot
 * reach others may. Pure; O(N).
 */
export function withoutSilentNodes(snapshot: SwarmSnapshot, self: PeerId): SwarmSnapshot {
  const isThere = (node: SnapshotNode) => node.nodeId === self || isFresh(node, snapshot);
  const missed = new Set(snapshot.nodes.flatMap((node) => (isThere(node) ? node.unreachable : [])));
  const nodes = snapshot.nodes.filter((node) => isThere(node) || !missed.has(node.nodeId));
  if (nodes.length === snapshot.nodes.length) return snapshot;
  return snapshotOfNodes(nodes, snapshot.takenAtMs);
}
