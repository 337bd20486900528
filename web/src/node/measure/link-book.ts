import type {PeerId} from '#shared/base/ids.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import type {NetworkCoordinates} from '#shared/scheduling/network-distances.ts';
import {isStepApart, STEADY_MS} from '#shared/scheduling/steady-speed.ts';
import {nextCoordinates, UNPLACED} from '#shared/scheduling/vivaldi.ts';

export type LinkFacts = Pick<NodeRecord, 'rtts' | 'coords' | 'unreachable' | 'uplinkBytesPerSec'>;

/** Fields of `node-record.ts` hold no more. */
const MAX_RTTS = 16;
const MAX_UNREACHABLE = 8;
/** The least of the last few: a busy tab answers late, and that is load, not distance. */
const SAMPLES = 8;
/** The first round trip over a new link is longer than the next ones. */
const MIN_SAMPLES = 2;
/** One failed dial may be bad luck. */
const MIN_FAILURES = 2;
/** Peers that nobody could reach come and go; a record has no place for more than a few. */
const MAX_FAILURES = 256;
/** Coordinates are published again when they moved by more than this, and no sooner than a record is renewed anyway. */
const PLACE_MOVED_MS = 1;
const COORDS_EVERY_MS = 10_000;
/** Frames by which the uplink is measured: the middle one of the last few. */
const UPLINK_SAMPLES = 9;

type Neighbour = {
  samplesMs: readonly number[];
  published: {rttMs: number; atMs: number} | null;
  /** A TURN server passes on every byte. */
  isViaTurn: boolean;
};

/** What a node knows of its links, and what of it the record should say. No I/O; time is an argument. */
export class LinkBook {
  readonly #neighbours = new Map<PeerId, Neighbour>();
  readonly #failures = new Map<PeerId, number>();
  #coords: NetworkCoordinates | null = null;
  #publishedCoords: {readonly coords: NetworkCoordinates; readonly atMs: number} | null = null;
  #uplinks: readonly number[] = [];
  #publishedUplink: number | null = null;

  sampleCount(peerId: PeerId): number {
    return this.#neighbours.get(peerId)?.samplesMs.length ?? 0;
  }

  /** `null` before the first round trip. */
  leastRttMs(peerId: PeerId): number | null {
    const samplesMs = this.#neighbours.get(peerId)?.samplesMs ?? [];
    return samplesMs.length === 0 ? null : Math.min(...samplesMs);
  }

  failureCount(peerId: PeerId): number {
    return this.#failures.get(peerId) ?? 0;
  }

  /** @param remote where the other end says that it is; `null` when it does not say. */
  addRoundTrip(
    peerId: PeerId,
    rttMs: number,
    {remote, seed}: {readonly remote: NetworkCoordinates | null; readonly seed: number},
  ): void {
    const neighbour = this.#neighbours.get(peerId) ?? {
      samplesMs: [],
      published: null,
      isViaTurn: false,
    };
    neighbour.samplesMs = [...neighbour.samplesMs, rttMs].slice(-SAMPLES);
    this.#neighbours.set(peerId, neighbour);
    this.#failures.delete(peerId);
    const leastMs = Math.min(...neighbour.samplesMs);
    this.#coords = nextCoordinates(this.#coords ?? UNPLACED, {
      rttMs: leastMs,
      remote: remote ?? UNPLACED,
      seed,
    });
  }

  /** Of a neighbour whose round trip was measured; ICE may change it at any time. */
  setPath(peerId: PeerId, {isViaTurn}: {readonly isViaTurn: boolean}): void {
    const neighbour = this.#neighbours.get(peerId);
    if (neighbour !== undefined) neighbour.isViaTurn = isViaTurn;
  }

  isUnreachable(peerId: PeerId): boolean {
    return this.failureCount(peerId) >= MIN_FAILURES;
  }

  addReached(peerId: PeerId): void {
    this.#failures.delete(peerId);
  }

  addFailure(peerId: PeerId): void {
    const failures = (this.#failures.get(peerId) ?? 0) + 1;
    this.#failures.delete(peerId); // Moved to the end: the newest are published.
    this.#failures.set(peerId, failures);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_FAILURES && oldest !== undefined) this.#failures.delete(oldest);
  }

  /** As if nobody had ever been out of reach. */
  forgetFailures(): void {
    this.#failures.clear();
  }

  /** Its link was open, and nothing passes it any more. */
  addSilence(peerId: PeerId): void {
    this.#failures.delete(peerId);
    this.#failures.set(peerId, MIN_FAILURES);
  }

  addUplink(bytesPerSec: number): void {
    this.#uplinks = [...this.#uplinks, bytesPerSec].slice(-UPLINK_SAMPLES);
  }

  /** Forgets peers that are gone. */
  keepOnly(peers: ReadonlySet<PeerId>): void {
    for (const known of [this.#neighbours, this.#failures]) {
      for (const peerId of known.keys()) if (!peers.has(peerId)) known.delete(peerId);
    }
  }

  /** What the record should say now; round trips change by a step and once a minute at most. */
  facts(nowMs: number): LinkFacts {
    return {
      rtts: this.#rtts(nowMs),
      coords: this.#placeToTell(nowMs),
      unreachable: [...this.#failures.keys()]
        .filter((peerId) => this.isUnreachable(peerId))
        .slice(-MAX_UNREACHABLE),
      uplinkBytesPerSec: this.#uplinkToTell(),
    };
  }

  #rtts(nowMs: number): LinkFacts['rtts'] {
    const rtts: LinkFacts['rtts'][number][] = [];
    for (const [peerId, neighbour] of this.#neighbours) {
      if (neighbour.samplesMs.length < MIN_SAMPLES) continue;
      const leastMs = Math.min(...neighbour.samplesMs);
      const {published} = neighbour;
      const isNews =
        published === null ||
        (nowMs - published.atMs >= STEADY_MS && isStepApart(published.rttMs, leastMs));
      if (isNews) neighbour.published = {rttMs: tenth(leastMs), atMs: nowMs};
      const rttMs = neighbour.published?.rttMs ?? tenth(leastMs);
      rtts.push(neighbour.isViaTurn ? {peerId, rttMs, viaTurn: true} : {peerId, rttMs});
    }
    return rtts.toSorted((a, b) => a.rttMs - b.rttMs).slice(0, MAX_RTTS);
  }

  #placeToTell(nowMs: number): NetworkCoordinates | null {
    const coords = this.#coords;
    if (coords === null) return null;
    const published = this.#publishedCoords;
    if (published !== null && nowMs - published.atMs < COORDS_EVERY_MS) return published.coords;
    const place = {
      at: coords.at.map(tenth),
      heightMs: tenth(coords.heightMs),
      errorMs: tenth(coords.errorMs),
    };
    if (published !== null && !hasMoved(published.coords, place)) return published.coords;
    this.#publishedCoords = {coords: place, atMs: nowMs};
    return place;
  }

  #uplinkToTell(): number | null {
    const middle = this.#uplinks.toSorted((a, b) => a - b)[this.#uplinks.length >> 1];
    if (middle === undefined) return null;
    if (this.#publishedUplink === null || isStepApart(this.#publishedUplink, middle)) {
      this.#publishedUplink = Math.round(middle);
    }
    return this.#publishedUplink;
  }
}

function hasMoved(a: NetworkCoordinates, b: NetworkCoordinates): boolean {
  return (
    a.at.some((value, axis) => isFar(value, b.at[axis] ?? 0)) ||
    isFar(a.heightMs, b.heightMs) ||
    isFar(a.errorMs, b.errorMs)
  );
}

function isFar(x: number, y: number): boolean {
  return Math.abs(x - y) > PLACE_MOVED_MS;
}

function tenth(ms: number): number {
  return Math.round(ms * 10) / 10;
}
