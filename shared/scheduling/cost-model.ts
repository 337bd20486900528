import type {DecodeMsPerLayer, SnapshotNode} from './swarm-snapshot.ts';

/** One decode step of one layer for a batch of `sessions`. */
export function decodeLayerMs(decode: DecodeMsPerLayer, sessions: number): number {
  return decode.fixedMs + decode.perSessionMs * sessions;
}

/** One decode step of one session through `layers` layers of an idle node, overhead included. */
export function hopServiceMs(node: SnapshotNode, layers: number): number {
  return layers * decodeLayerMs(node.decodeMsPerLayer, 1) + node.hopOverheadMs;
}

/** One frame from one hop to the next: half a round trip. */
export function linkMs(rttMs: number): number {
  return rttMs / 2;
}

/**
 * Waiting in front of a node whose sessions ask `promisedMs` of it per token
 * when one asks for `serviceMs` more: the closed-network reading of
 * service · ρ / (1 − ρ). Each session that is there is in the queue for the share
 * of its step that it spends here, ρ = promised / (promised + think time); the
 * think time, `restMs`, is the time that a token spends elsewhere.
 */
export function queueMs(serviceMs: number, promisedMs: number, restMs: number): number {
  if (promisedMs <= 0) return 0;
  return (promisedMs * (promisedMs + serviceMs)) / (promisedMs + serviceMs + restMs);
}

/**
 * How much slower a node looks to the next session when its sessions ask
 * `workMs` of it per token and one alone asks `ownWorkMs`.
 */
export function loadFactor(workMs: number, ownWorkMs: number): number {
  if (workMs <= 0 || ownWorkMs <= 0) return 1;
  return 1 + workMs / ownWorkMs;
}
