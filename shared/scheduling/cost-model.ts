import {MOST_MS, type BatchMs, type SnapshotNode} from './swarm-snapshot.ts';

/** What a batch of `sessions` takes: of one layer, or of the LM head. */
export function batchMs({fixedMs, perSessionMs}: BatchMs, sessions: number): number {
  return fixedMs + perSessionMs * sessions;
}

/** One decode step of one session through `layers` layers of an idle node, overhead included. */
export function hopServiceMs(node: SnapshotNode, layers: number): number {
  return layers * batchMs(node.decodeMsPerLayer, 1) + node.hopOverheadMs;
}

/** What a session more adds to the decode steps of a node that runs `layers` layers of others already. */
export function addedStepMs(node: SnapshotNode, layers: number): number {
  const overheadMs = node.hopOverheadMs - (node.hopFixedMs ?? 0);
  return layers * node.decodeMsPerLayer.perSessionMs + Math.max(0, overheadMs);
}

/** No engine runs the steps of more sessions as one: on WASM each more costs nearly as much as a run of its own. */
export const MOST_BATCHED = 8;

/** How many sessions a node that is busy runs as one. */
export function fullBatchOf({maxSessions}: Pick<SnapshotNode, 'maxSessions'>): number {
  return Math.max(1, Math.min(MOST_BATCHED, maxSessions));
}

/** Tokens a second that flow through `layers` layers of a node with as many sessions as it runs as one. */
export function hopTokensPerSec(node: SnapshotNode, layers: number): number {
  const addedMs = addedStepMs(node, layers);
  const fixedMs = hopServiceMs(node, layers) - addedMs;
  return 1000 / Math.max(fixedMs / fullBatchOf(node) + addedMs, 0.001);
}

/** One frame from one hop to the next: half a round trip. */
export function linkMs(rttMs: number): number {
  return rttMs / 2;
}

/**
 * What it costs each token of an answer that its prompt, too, has to go out over this uplink.
 *
 * Pieces of a prompt are on several links at once, so of a chain with several slow links the sum
 * is the most that it can be. An uplink that is not known costs nothing: it is tried, and then known.
 */
export function promptLinkMs({
  promptBytes,
  newTokens,
  uplinkBytesPerSec,
}: {
  readonly promptBytes: number;
  readonly newTokens: number;
  readonly uplinkBytesPerSec: number | null;
}): number {
  if (uplinkBytesPerSec === null || promptBytes === 0) return 0;
  const wholeMs = (1000 * promptBytes) / uplinkBytesPerSec;
  return Math.min(MOST_MS, wholeMs / Math.max(1, newTokens));
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

/** A swarm is saturated when its nodes have this many idle steps of work per token, on average. */
const SATURATED_STEPS = 2.5;

/**
 * How far a swarm is from idle, 0, to saturated, 1: the fourth power of the mean work of its
 * nodes over that of a saturated one.
 *
 * @param bestMs step time of the best chain while nobody is there.
 */
export function saturationOf(meanWorkMs: number, bestMs: number): number {
  if (meanWorkMs <= 0) return 0;
  const part = Math.min(1, meanWorkMs / (SATURATED_STEPS * bestMs));
  return part * part * part * part;
}

/** Busier than this is all the same: so waits stay finite, however small a level lies make. */
const MOST_BUSY = 100;

/** A node as a session would find it; all in ms per token. */
export type NodeLoad = {
  /** Work for one token of each of its sessions, with this one. */
  readonly workMs: number;
  /** The step time of this session if nobody else were there. */
  readonly aloneMs: number;
  /** `busyLevelMs` of the swarm. */
  readonly busyMs: number;
  readonly saturation: number;
};

/**
 * How long the next session is expected to wait at a node, per token.
 *
 * Each session has one token under way. So sessions that meet at one node only go round in
 * `aloneMs` as long as it can do the work of all of them in that time, and in that work from then
 * on: the wait is what the work exceeds `aloneMs` by. In a saturated swarm a step takes as long as
 * the work of the busiest node, whatever the chain, and the aim is the least maximum of it: the
 * wait is `busyMs` times ρ¹², ρ = work there / `busyMs`: next to nothing where there is room,
 * steep where a node would become the busiest. Between the two, so much of each.
 */
export function waitMs({workMs, aloneMs, busyMs, saturation}: NodeLoad): number {
  const queuedMs = Math.max(0, workMs - aloneMs);
  if (busyMs <= 0) return queuedMs;
  const busy = Math.min(MOST_BUSY, workMs / busyMs);
  const fourth = busy * busy * busy * busy;
  return (1 - saturation) * queuedMs + saturation * busyMs * fourth * fourth * fourth;
}

/** The part of a wait that a hop costs at all; the rest is spread over the layers that the node holds. */
export const WAIT_PER_HOP = 0.3;
