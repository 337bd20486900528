import type {SnapshotNode} from '../swarm-snapshot.ts';

/** A node at which an answer has its place already: to this very answer it never looks full. */
export function withOwnPlace(node: SnapshotNode): SnapshotNode {
  return {...node, maxSessions: Infinity, kvTokensFree: Infinity, kvTokens: null};
}
