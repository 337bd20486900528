import type {SnapshotRecord} from '#shared/scheduling/swarm-snapshot.ts';
import {hashText} from '#shared/scheduling/seeded-choice.ts';

type Publication = {readonly atMs: number; readonly key: string; readonly record: SnapshotRecord};

export type DirectoryFaults = {
  readonly seed: number;
  /** A record reaches an observer after 0 to this many ms. */
  readonly maxDelayMs: number;
  /** The part of (record, observer) pairs that never meet. */
  readonly lossRate: number;
};

/**
 * A directory in virtual time: who sees which record when follows from hashes
 * of seed, record and observer, so nothing need be delivered or stored twice.
 */
export class VirtualDirectory {
  readonly #faults: DirectoryFaults;
  readonly #byPeer = new Map<string, Publication[]>();

  constructor(faults: DirectoryFaults) {
    this.#faults = faults;
  }

  publish(record: SnapshotRecord, atMs: number): void {
    const key = `${String(this.#faults.seed)}:${record.peerId}:${String(record.seq)}`;
    const known = this.#byPeer.get(record.peerId) ?? [];
    // Older ones than the last four have either been seen or were lost.
    this.#byPeer.set(record.peerId, [...known.slice(-3), {atMs, key, record}]);
  }

  /** Records that an observer has at `nowMs`: per peer the newest that reached it; its own at once. */
  seenBy(observer: string, nowMs: number): readonly SnapshotRecord[] {
    const seen: SnapshotRecord[] = [];
    for (const [peerId, publications] of this.#byPeer) {
      const newest = publications.findLast(
        (publication) => peerId === observer || this.#hasReached(publication, observer, nowMs),
      );
      if (newest !== undefined) seen.push(newest.record);
    }
    return seen;
  }

  /** Forgets peers whose last record ended long ago: only to keep long runs small. */
  forgetBefore(expiredMs: number): void {
    for (const [peerId, publications] of this.#byPeer) {
      const last = publications.at(-1);
      if (last === undefined || last.record.expiresAtMs < expiredMs) this.#byPeer.delete(peerId);
    }
  }

  #hasReached({atMs, key}: Publication, observer: string, nowMs: number): boolean {
    const {maxDelayMs, lossRate} = this.#faults;
    if (atMs + maxDelayMs <= nowMs && lossRate === 0) return true;
    const hash = hashText(`${key}>${observer}`);
    if ((hash >>> 16) / 65_536 < lossRate) return false;
    return atMs + ((hash & 0xffff) / 65_536) * maxDelayMs <= nowMs;
  }
}
