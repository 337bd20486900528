import {batchMs} from './cost-model.ts';
import {
  snapshotOfNodes,
  type BatchMs,
  type SnapshotNode,
  type SwarmSnapshot,
} from './swarm-snapshot.ts';

/** What phase 1 reads of a node's speed. */
export type SteadySpeed = {readonly decodeMsPerLayer: number; readonly hopOverheadMs: number};

/** A speed that a node keeps publishing, and since when. */
export type HeldSpeed = {readonly speed: SteadySpeed; readonly sinceMs: number};

/** Plans may change with a speed, so it changes at most this often. */
export const STEADY_MS = 60_000;
/** The fourth root of 2: steps of 19 %. */
const STEP = Math.sqrt(Math.sqrt(2));
/** Below this, times are all the same to a plan. */
const LEAST_MS = 0.001;
/** Places are rounded to this for plans; links this near are alike. */
const PLACE_STEP_MS = 5;
/** Engines of one kind measure shares that are as near as this. */
const SHARE_STEPS = 8;

/**
 * A time on a scale of 19 % steps, so that small differences between two
 * measurements change no plan. Multiplication only: equal in every browser.
 */
export function logStep(ms: number): number {
  if (!(ms > LEAST_MS / 2)) return 0;
  if (!Number.isFinite(ms)) return ms;
  let step = LEAST_MS;
  while (step * STEP <= ms) step *= STEP;
  return ms - step <= step * STEP - ms ? step : step * STEP;
}

/**
 * What a node goes on to say of its speed after a measurement: the same, until
 * it is a minute old and wrong by more than a step.
 */
export function holdSpeed(held: HeldSpeed | null, measured: SteadySpeed, nowMs: number): HeldSpeed {
  if (held !== null) {
    const isOld = nowMs - held.sinceMs >= STEADY_MS;
    const isWrong =
      isStepApart(held.speed.decodeMsPerLayer, measured.decodeMsPerLayer) ||
      isStepApart(held.speed.hopOverheadMs, measured.hopOverheadMs);
    if (!isOld || !isWrong) return held;
  }
  const speed = {
    decodeMsPerLayer: toNanosecond(logStep(measured.decodeMsPerLayer)),
    hopOverheadMs: toNanosecond(logStep(measured.hopOverheadMs)),
  };
  return {speed, sinceMs: nowMs};
}

/** Every tab receives these digits, and further ones would tell nothing. */
function toNanosecond(ms: number): number {
  return Math.round(ms * 1e6) / 1e6;
}

/** Whether two times differ by more than a step of the scale. */
export function isStepApart(aMs: number, bMs: number): boolean {
  const least = Math.max(LEAST_MS, Math.min(aMs, bMs));
  return Math.max(aMs, bMs) > least * STEP;
}

const views = new WeakMap<SwarmSnapshot, SwarmSnapshot>();

/**
 * The snapshot as phase 1 may read it: speeds that are slow and coarse, round
 * trips and places in steps, and no load at all. What a node says of its
 * momentary speed, sessions and queue is for phase 2. O(N), once per snapshot.
 */
export function steadySnapshot(snapshot: SwarmSnapshot): SwarmSnapshot {
  const known = views.get(snapshot);
  if (known !== undefined) return known;
  const view = snapshotOfNodes(snapshot.nodes.map(steadyNode), snapshot.takenAtMs);
  views.set(snapshot, view);
  return view;
}

/** A node is read once, however many snapshots it is part of. */
const steadyOfKnown = new WeakMap<SnapshotNode, SnapshotNode>();

function steadyNode(node: SnapshotNode): SnapshotNode {
  const known = steadyOfKnown.get(node);
  if (known !== undefined) return known;
  const steady = readSteady(node);
  steadyOfKnown.set(node, steady);
  return steady;
}

function readSteady(node: SnapshotNode): SnapshotNode {
  const {decodeMsPerLayer, hopOverheadMs, hopFixedMs = 0, steady, coords} = node;
  const speed = steady ?? {
    decodeMsPerLayer: logStep(decodeMsPerLayer.fixedMs + decodeMsPerLayer.perSessionMs),
    hopOverheadMs: logStep(hopOverheadMs),
  };
  return {
    ...node,
    decodeMsPerLayer: inParts(
      speed.decodeMsPerLayer,
      shareOf(decodeMsPerLayer.fixedMs, batchMs(decodeMsPerLayer, 1)),
    ),
    hopOverheadMs: speed.hopOverheadMs,
    hopFixedMs: speed.hopOverheadMs * shareOf(hopFixedMs, hopOverheadMs),
    rtts: node.rtts.map(({peerId, rttMs}) => ({peerId, rttMs: logStep(rttMs)})),
    coords: coords && {
      ...coords,
      at: coords.at.map(placeStep),
      heightMs: placeStep(coords.heightMs),
    },
    openSessions: 0,
    kvTokensFree: Infinity,
    kvTokens: null,
  };
}

/** What steps that run as one take once, of all that one takes: measured when a shard is loaded, in steps. */
function shareOf(fixedMs: number, aloneMs: number): number {
  if (!(aloneMs > 0)) return 0;
  return Math.round(Math.min(1, fixedMs / aloneMs) * SHARE_STEPS) / SHARE_STEPS;
}

function inParts(aloneMs: number, fixedShare: number): BatchMs {
  const fixedMs = aloneMs * fixedShare;
  return {fixedMs, perSessionMs: aloneMs - fixedMs};
}

function placeStep(ms: number): number {
  return Math.round(ms / PLACE_STEP_MS) * PLACE_STEP_MS;
}
