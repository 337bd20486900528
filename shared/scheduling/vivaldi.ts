import {coordinateDistanceMs, type NetworkCoordinates} from './network-distances.ts';
import {seededRandom} from './seeded-choice.ts';

const AXES = 3;
/** Both of the paper's constants: how far one sample may move a node, and its error. */
const MOVE_SHARE = 0.25;
const ERROR_SHARE = 0.25;
/** A node that knows nothing is as wrong as a pair of which nobody knows anything. */
const FIRST_ERROR_MS = 100;
/** No error and no height is ever 0: a node that is surely right would never learn again. */
const MIN_ERROR_MS = 0.1;
const MIN_HEIGHT_MS = 0.01;
/** What takes longer is no round trip of a network; nothing of a place is ever larger either. */
const MAX_MS = 60_000;

/** Where a node is before its first sample: anywhere, and sure of nothing. */
export const UNPLACED: NetworkCoordinates = {
  at: Array.from({length: AXES}, () => 0),
  heightMs: MIN_HEIGHT_MS,
  errorMs: FIRST_ERROR_MS,
};

/** One round trip, and where the other end says that it is. */
export type RttSample = {
  readonly rttMs: number;
  readonly remote: NetworkCoordinates;
  /** Decides in which direction two nodes at one place move apart. */
  readonly seed: number;
};

/**
 * The place of a node after one more round trip: it moves along the line to
 * the other end, the further the surer that end is in comparison.
 *
 * O(axes). Source: Dabek et al., "Vivaldi: A Decentralized Network Coordinate
 * System", SIGCOMM 2004, figure 5 and section 5.4 (height vectors). Three
 * departures: the axes take the whole of the way, not what the heights leave
 * of it, so that nodes that all begin at one place come apart (as Serf does);
 * the error is kept in ms, not as a share of the round trip, because that is
 * what a record says; and a place draws a node nearer by no more than its round
 * trip or the node's own error allow, so that one who lies about its place moves
 * others little. Impossible round trips and places with other axes
 * change nothing.
 */
export function nextCoordinates(own: NetworkCoordinates, sample: RttSample): NetworkCoordinates {
  const {rttMs, remote, seed} = sample;
  const isSample = rttMs >= 0 && rttMs <= MAX_MS;
  if (!isSample || own.at.length !== remote.at.length) return own;
  const predictedMs = coordinateDistanceMs(own, remote);
  const trust = own.errorMs / (own.errorMs + Math.max(remote.errorMs, MIN_ERROR_MS));
  // How much too near is bounded by the round trip; too far only by what the other end says.
  const wrongMs = Math.max(rttMs - predictedMs, -Math.max(rttMs, own.errorMs));
  const moveMs = MOVE_SHARE * trust * wrongMs;
  const direction = unitVector(own.at, remote.at, seed);
  const heightsMs = own.heightMs + remote.heightMs;
  const heightShare = predictedMs > 0 ? heightsMs / predictedMs : 0;
  const errorShare = ERROR_SHARE * trust;
  const errorMs = Math.abs(wrongMs) * errorShare + own.errorMs * (1 - errorShare);
  return {
    at: own.at.map((value, axis) =>
      within(-MAX_MS, value + moveMs * (direction[axis] ?? 0), MAX_MS),
    ),
    heightMs: within(MIN_HEIGHT_MS, own.heightMs + moveMs * heightShare, MAX_MS),
    errorMs: within(MIN_ERROR_MS, errorMs, MAX_MS),
  };
}

function within(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** From `to` towards `from`; any direction, by the seed, when they are at one place. */
function unitVector(
  from: readonly number[],
  to: readonly number[],
  seed: number,
): readonly number[] {
  const apart = from.map((value, axis) => value - (to[axis] ?? 0));
  const length = lengthOf(apart);
  if (length > 0) return apart.map((value) => value / length);
  const random = seededRandom(seed);
  const any = from.map(() => random() - 0.5);
  const anyLength = lengthOf(any);
  return any.map((value) => (anyLength > 0 ? value / anyLength : 0));
}

function lengthOf(vector: readonly number[]): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
