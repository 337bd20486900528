import type {PeerId} from '#shared/base/ids.ts';
import type {PlacedShard, SnapshotNode} from '../../swarm-snapshot.ts';

/** A node that has claimed nothing for this long starts from zero. */
const FORGIVEN_AFTER_MS = 600_000;
/** Between two looks a node is not supposed to have claimed for longer. */
const MOST_STEP_MS = 60_000;
const MOST_NODES = 4_096;

/** What of a node is looked at. */
type Seen = Pick<SnapshotNode, 'nodeId' | 'shards' | 'claim'>;

type Watched = {
  /** How long it has claimed layers since it last came to serve some, all claims together. */
  readonly claimedMs: number;
  readonly isClaiming: boolean;
  readonly seenAtMs: number;
  readonly claimedAtMs: number;
  /** What it served when it began to claim. */
  readonly shards: readonly PlacedShard[];
};

/**
 * What a node remembers of the claims of others. One claim tells its age; this is for those
 * that claim again and again, under whatever time, and never come to serve.
 */
export type ClaimMemory = ReadonlyMap<PeerId, Watched>;

export const NO_CLAIMS: ClaimMemory = new Map();

/**
 * What is remembered after one more look at all live nodes. O(N).
 *
 * @returns `memory` itself when nobody claims and nobody is remembered.
 */
export function rememberClaims(
  memory: ClaimMemory,
  nodes: readonly Seen[],
  nowMs: number,
): ClaimMemory {
  if (memory.size === 0 && nodes.every(({claim}) => claim === null)) return memory;
  const next = new Map(memory);
  for (const node of nodes) {
    const before = memory.get(node.nodeId);
    if (before === undefined && node.claim === null) continue;
    const after = watchedAfter(before, node, nowMs);
    next.delete(node.nodeId);
    if (after !== null) next.set(node.nodeId, after); // Last in the order of the map.
  }
  for (const [nodeId, {claimedAtMs}] of next) {
    const isForgiven = nowMs - claimedAtMs > FORGIVEN_AFTER_MS;
    if (isForgiven || next.size > MOST_NODES) next.delete(nodeId);
  }
  return next;
}

/** @returns ms that a node has claimed layers without coming to serve any. */
export function claimedMsOf(memory: ClaimMemory, nodeId: PeerId): number {
  return memory.get(nodeId)?.claimedMs ?? 0;
}

function watchedAfter(
  before: Watched | undefined,
  {shards, claim}: Seen,
  nowMs: number,
): Watched | null {
  if (claim !== null) {
    const sinceMs = before?.isClaiming === true ? nowMs - before.seenAtMs : 0;
    return {
      claimedMs: (before?.claimedMs ?? 0) + Math.min(MOST_STEP_MS, Math.max(0, sinceMs)),
      isClaiming: true,
      seenAtMs: nowMs,
      claimedAtMs: nowMs,
      shards: before?.shards ?? shards,
    };
  }
  const hasArrived =
    before !== undefined && shards.length > 0 && !isSameShards(shards, before.shards);
  return before === undefined || hasArrived ? null : {...before, isClaiming: false};
}

function isSameShards(a: readonly PlacedShard[], b: readonly PlacedShard[]): boolean {
  return (
    a.length === b.length &&
    a.every(
      ({startLayer, endLayer}, at) =>
        startLayer === b[at]?.startLayer && endLayer === b[at].endLayer,
    )
  );
}
