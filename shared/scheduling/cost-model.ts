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

/** Waiting counts in full once the busiest node has this many idle steps of work per token. */
const SATURATED_STEPS = 3;

/**
 * How long the next session is expected to wait at a node, per token.
 *
 * In a closed network (each session has one token under way) a step takes
 * about as long as the work that all sessions ask, per token, of its busiest
 * node, so the aim is the least maximum of that work. The wait is `busiestMs`,
 * the work at the busiest node now, times ρ⁸, ρ = work there / work at the
 * busiest: next to nothing where there is room, steep where a node would
 * become the busiest. While the work is small beside the time that a token
 * spends on its way (`idleStepMs`), queues are short and it counts for less.
 *
 * @param workMs work that the node would have with this session, ms per token.
 */
export function waitMs(workMs: number, busiestMs: number, idleStepMs: number): number {
  if (busiestMs <= 0) return 0;
  const busy = workMs / busiestMs;
  const fourth = busy * busy * busy * busy;
  return busiestMs * Math.min(1, busiestMs / (SATURATED_STEPS * idleStepMs)) * fourth * fourth;
}
