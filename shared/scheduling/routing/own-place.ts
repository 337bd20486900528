import type {SnapshotNode} from '../swarm-snapshot.ts';

/** A node that is to go on with an answer whose place it has, or had: to this very answer it never looks full. */
export function withOwnPlace(node: SnapshotNode): SnapshotNode {
  return {...node, maxSessions: Infinity, kvTokensFree: Infinity, kvTokens: null};
}
