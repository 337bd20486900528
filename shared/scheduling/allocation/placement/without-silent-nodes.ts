import type {PeerId} from '#shared/base/ids.ts';
import {snapshotOfNodes, type SwarmSnapshot} from '../../swarm-snapshot.ts';
import {isFresh} from './heard-lately.ts';

/**
 * The swarm without nodes that have gone without a word: heard of no more, and out of reach of a node that is there.
 * Their records live on for a while. One alone is not enough: a busy node publishes late, and whom one node cannot
 * reach others may. Pure; O(N).
 */
export function withoutSilentNodes(snapshot: SwarmSnapshot, self: PeerId): SwarmSnapshot {
  const there = snapshot.nodes.filter((node) => node.nodeId === self || isFresh(node, snapshot));
  if (there.length === snapshot.nodes.length) return snapshot;
  const missed = new Set(there.flatMap(({unreachable}) => unreachable));
  const nodes = snapshot.nodes.filter((node) => there.includes(node) || !missed.has(node.nodeId));
  if (nodes.length === snapshot.nodes.length) return snapshot;
  return snapshotOfNodes(nodes, snapshot.takenAtMs);
}
