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

/** How far above the mean of the work, weighted by its square, a node is busy. */
const BUSY_MARGIN = 1.1;

/**
 * The work, ms per token, of the nodes on which sessions wait: 1.1 × Σ work³ / Σ work².
 *
 * Nearly the busiest node where the load is balanced. But one node that many
 * clients chose at once moves it little; measured against the busiest itself,
 * all others would seem to have room until they were as busy. 0 while all idle.
 */
export function busyLevelMs(workMs: Float64Array): number {
  let squares = 0;
  let cubes = 0;
  for (const ms of workMs) {
    squares += ms * ms;
    cubes += ms * ms * ms;
  }
  return squares > 0 ? (BUSY_MARGIN * cubes) / squares : 0;
}

/** Waiting counts in full once a busy node has this many idle steps of work per token. */
const SATURATED_STEPS = 3;

/**
 * How long the next session is expected to wait at a node, per token.
 *
 * In a closed network (each session has one token under way) a step takes
 * about as long as the work that all sessions ask, per token, of its busiest
 * node, so the aim is the least maximum of that work. The wait is `busyMs`
 * times ρ⁸, ρ = work there / `busyMs`: next to nothing where there is room,
 * steep where a node would become the busiest; ρ¹² once the swarm is saturated.
 * While the work is small beside the time that a token spends on its way
 * (`idleStepMs`), queues are short, and it counts for the square of that ratio.
 *
 * @param workMs work that the node would have with this session, ms per token.
 */
export function waitMs(workMs: number, busyMs: number, idleStepMs: number): number {
  if (busyMs <= 0) return 0;
  const busy = workMs / busyMs;
  const fourth = busy * busy * busy * busy;
  const saturation = busyMs / (SATURATED_STEPS * idleStepMs);
  if (saturation >= 1) return busyMs * fourth * fourth * fourth;
  return busyMs * saturation * saturation * fourth * fourth;
}

/** The part of a wait that a hop costs at all; the rest is spread over the layers that the node holds. */
export const WAIT_PER_HOP = 0.3;
