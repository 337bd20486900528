import {RECORD_REFRESH_MS} from '#shared/protocol/node-record.ts';
import type {SnapshotNode, SwarmSnapshot} from '../../swarm-snapshot.ts';

/** A claim of this age has been seen by all: loading may begin, and nobody disputes it. */
export const CLAIM_SETTLE_MS = 2500;
/** A node that has been silent for longer may be gone: a living node's next record would have been seen. */
export const FRESH_MS = RECORD_REFRESH_MS + CLAIM_SETTLE_MS;

/** Whether what a node says of itself is to be relied on. */
export function isFresh({publishedAtMs}: SnapshotNode, {takenAtMs}: SwarmSnapshot): boolean {
  return publishedAtMs === undefined || takenAtMs - publishedAtMs <= FRESH_MS;
}
