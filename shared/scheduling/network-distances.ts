import type {PeerId} from '#shared/base/ids.ts';

/**
 * A place in the network: `at` in ms per axis (Euclidean), `heightMs` the
 * access link that every round trip passes. Source: Dabek et al., "Vivaldi: A
 * Decentralized Network Coordinate System", SIGCOMM 2004.
 */
export type NetworkCoordinates = {
  readonly at: readonly number[];
  readonly heightMs: number;
  readonly errorMs: number;
};

/** Round trip between the nodes at two positions of a snapshot; 0 for one and the same. */
export type RttMs = (a: number, b: number) => number;

/** The round trip of a pair of which nobody knows anything. */
const UNKNOWN_RTT_MS = 100;

/**
 * How much longer a round trip by way of a TURN server counts than it is. The detour is measured
 * already; what is not are the bytes that its operator pays for. So little decides only among
 * chains that are about as quick.
 */
const TURN_FACTOR = 1.1;

/** A round trip as one of the two nodes measured it. */
export type MeasuredRtt = {
  readonly peerId: PeerId;
  readonly rttMs: number;
  /** A TURN server passes on every byte. */
  readonly viaTurn?: true | undefined;
};

/** What distances are made of; a snapshot's node fits. */
type Place = {
  readonly rtts: readonly MeasuredRtt[];
  readonly coords: NetworkCoordinates | null;
  readonly unreachable: readonly PeerId[];
};

/**
 * Round trips between all pairs: the mean of what both ends measured (a tenth more by way of TURN), else the
 * distance of their coordinates, else `UNKNOWN_RTT_MS`; `Infinity` where one
 * says that it cannot reach the other. The table, N² numbers, is made at the
 * first question.
 */
export function networkDistances(
  places: readonly Place[],
  indexOf: ReadonlyMap<PeerId, number>,
): RttMs {
  const count = places.length;
  let table: Float64Array | null = null;
  return (a, b) => {
    table ??= distanceTable(places, indexOf);
    return table[a * count + b] ?? UNKNOWN_RTT_MS;
  };
}

function distanceTable(
  places: readonly Place[],
  indexOf: ReadonlyMap<PeerId, number>,
): Float64Array {
  const count = places.length;
  const table = estimateTable(places);
  const measured = new Uint8Array(count * count);
  places.forEach((place, a) => {
    for (const {peerId, rttMs: measuredMs, viaTurn} of place.rtts) {
      const b = indexOf.get(peerId);
      if (b === undefined || b === a || !Number.isFinite(measuredMs) || measuredMs < 0) continue;
      const rttMs = viaTurn === true ? measuredMs * TURN_FACTOR : measuredMs;
      const forth = a * count + b;
      const back = b * count + a;
      const mean = measured[forth] === 1 ? ((table[forth] ?? rttMs) + rttMs) / 2 : rttMs;
      table[forth] = mean;
      table[back] = mean;
      measured[forth] = 1;
      measured[back] = 1;
    }
  });
  places.forEach((place, a) => {
    for (const peerId of place.unreachable) {
      const b = indexOf.get(peerId);
      if (b === undefined || b === a) continue;
      table[a * count + b] = Infinity;
      table[b * count + a] = Infinity;
    }
  });
  return table;
}

function estimateTable(places: readonly Place[]): Float64Array {
  const count = places.length;
  const table = new Float64Array(count * count);
  for (const [a, {coords: from}] of places.entries()) {
    for (let b = 0; b < a; b += 1) {
      const to = places[b]?.coords ?? null;
      const rttMs = from === null || to === null ? UNKNOWN_RTT_MS : coordinateDistanceMs(from, to);
      table[a * count + b] = rttMs;
      table[b * count + a] = rttMs;
    }
  }
  return table;
}

/** The round trip that two coordinates predict; `UNKNOWN_RTT_MS` when they are not comparable. */
export function coordinateDistanceMs(a: NetworkCoordinates, b: NetworkCoordinates): number {
  if (a.at.length !== b.at.length) return UNKNOWN_RTT_MS;
  let squares = 0;
  // By index: this runs for every pair of a swarm.
  for (let axis = 0; axis < a.at.length; axis += 1) {
    const difference = (a.at[axis] ?? 0) - (b.at[axis] ?? 0);
    squares += difference * difference;
  }
  const rttMs = Math.sqrt(squares) + a.heightMs + b.heightMs;
  return Number.isFinite(rttMs) && rttMs >= 0 ? rttMs : UNKNOWN_RTT_MS;
}
