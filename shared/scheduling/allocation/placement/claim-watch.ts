import type {PeerId} from '#shared/base/ids.ts';
import type {SnapshotRecord} from '../../swarm-snapshot.ts';

/** Who has claimed nothing for this long begins anew. */
const FORGIVEN_AFTER_MS = 600_000;
/** Between two looks a node is not supposed to have claimed for longer. */
const MOST_STEP_MS = 60_000;
const MOST_NODES = 4_096;

/** What of a record is looked at. */
type Seen = Pick<SnapshotRecord, 'peerId' | 'shards' | 'claim'>;

type Watched = {
  /** How long it has claimed layers since it last came to serve some, all claims together. */
  readonly claimedMs: number;
  readonly isClaiming: boolean;
  readonly seenAtMs: number;
  readonly claimedAtMs: number;
  /** What it served when it began to claim. */
  readonly shards: string;
};

/**
 * What a node remembers of the claims of others. One claim tells its age; this is for those
 * that claim again and again, under whatever time, and never come to serve.
 */
export class ClaimWatch {
  readonly #nodes = new Map<PeerId, Watched>();

  /** Call with all live records when they have changed. O(N). */
  see(records: readonly Seen[], nowMs: number): void {
    for (const record of records) {
      const before = this.#nodes.get(record.peerId);
      if (before === undefined && record.claim === null) continue;
      const after = watchedAfter(before, record, nowMs);
      this.#nodes.delete(record.peerId);
      if (after !== null) this.#nodes.set(record.peerId, after); // Last in the order of the map.
    }
    for (const [nodeId, {claimedAtMs}] of this.#nodes) {
      const isForgiven = nowMs - claimedAtMs > FORGIVEN_AFTER_MS;
      if (isForgiven || this.#nodes.size > MOST_NODES) this.#nodes.delete(nodeId);
    }
  }

  /** @returns ms that this node has claimed layers without coming to serve any. */
  claimedMs(nodeId: PeerId): number {
    return this.#nodes.get(nodeId)?.claimedMs ?? 0;
  }
}

function watchedAfter(
  before: Watched | undefined,
  {shards, claim}: Seen,
  nowMs: number,
): Watched | null {
  const serves = JSON.stringify(shards);
  if (claim !== null) {
    const sinceMs = before?.isClaiming === true ? nowMs - before.seenAtMs : 0;
    return {
      claimedMs: (before?.claimedMs ?? 0) + Math.min(MOST_STEP_MS, Math.max(0, sinceMs)),
      isClaiming: true,
      seenAtMs: nowMs,
      claimedAtMs: nowMs,
      shards: before?.shards ?? serves,
    };
  }
  const hasArrived = before !== undefined && shards.length > 0 && serves !== before.shards;
  return before === undefined || hasArrived ? null : {...before, isClaiming: false};
}
