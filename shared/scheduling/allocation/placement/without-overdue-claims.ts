import type {PeerId} from '#shared/base/ids.ts';
import {isOverdue, type ClaimLimit} from '../../claim-limit.ts';
import {snapshotOfNodes, type SnapshotNode, type SwarmSnapshot} from '../../swarm-snapshot.ts';

/**
 * The swarm without claims that nobody need wait for any longer: a node that only claims is not
 * there, and who also serves counts as one that stays where it is. A tab's own claim is kept:
 * what it loads will be there. Pure; O(N).
 *
 * @param asked.claimedMs how long a node has claimed in all without coming to serve.
 */
export function withoutOverdueClaims(
  snapshot: SwarmSnapshot,
  asked: {
    readonly self: PeerId;
    readonly limit: ClaimLimit;
    readonly claimedMs: (nodeId: PeerId) => number;
  },
): SwarmSnapshot {
  const nodes = snapshot.nodes.flatMap((node) => {
    const isPassed = node.nodeId !== asked.self && isPassedOver(node, snapshot, asked);
    return isPassed ? stayed(node) : [node];
  });
  const isSame = nodes.every((node, at) => node === snapshot.nodes[at]);
  if (isSame && nodes.length === snapshot.nodes.length) return snapshot;
  return snapshotOfNodes(nodes, snapshot.takenAtMs);
}

function isPassedOver(
  {nodeId, claim, publishedAtMs}: SnapshotNode,
  {takenAtMs}: SwarmSnapshot,
  {limit, claimedMs}: Omit<Parameters<typeof withoutOverdueClaims>[1], 'self'>,
): boolean {
  if (claim === null) return false;
  const limitMs = limit(claim);
  return (
    claimedMs(nodeId) > limitMs || isOverdue(claim, {nowMs: takenAtMs, publishedAtMs, limitMs})
  );
}

/** Its claim keeps it out of every plan that moves somebody. */
function stayed(node: SnapshotNode): readonly SnapshotNode[] {
  const [shard] = node.shards;
  if (shard === undefined || node.claim === null) return [];
  return [{...node, claim: {...node.claim, ...shard}}];
}
