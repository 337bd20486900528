import type {PeerId} from '#shared/base/ids.ts';
import {parseNodeRecord, type NodeRecord} from '#shared/protocol/node-record.ts';
import {hashWords} from '#shared/session/keyed-uniform.ts';

/** `record` is `null` where the server noticed that the node is gone. */
type Publication = {
  readonly atMs: number;
  readonly number: number;
  readonly record: NodeRecord | null;
};

export type DirectoryFaults = {
  /** A record reaches an observer between so many ms after it was published, and so many. */
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** The part of (record, observer) pairs that never meet. */
  readonly lossRate: number;
};

/** Older publications than this are forgotten once all have them that ever will. */
const KEPT = 4;

/**
 * A directory in virtual time. Which node sees which record when follows from a hash
 * of seed, record and observer, so nothing need be delivered or stored twice.
 */
export class VirtualDirectory {
  readonly #faults: DirectoryFaults;
  readonly #seed: number;
  readonly #byPeer = new Map<PeerId, Publication[]>();
  #published = 0;
  #refused = 0;

  constructor(faults: DirectoryFaults, seed: number) {
    this.#faults = faults;
    this.#seed = seed;
  }

  /** Records that broke the schema: no reader would take them. */
  get refused(): number {
    return this.#refused;
  }

  /** @param signed what the node signed, not checked yet. */
  publish(signed: NodeRecord, atMs: number): NodeRecord | null {
    let record: NodeRecord;
    try {
      record = parseNodeRecord(signed);
    } catch {
      this.#refused += 1;
      return null;
    }
    this.#add(record.peerId, atMs, record);
    return record;
  }

  /** The server has seen the link of a node close: it lists its record no more. */
  drop(peerId: PeerId, atMs: number): void {
    if (this.#byPeer.has(peerId)) this.#add(peerId, atMs, null);
  }

  /** What an observer has at `nowMs`: of each peer the newest that reached it, in the order of joining. */
  seenBy(observer: number, nowMs: number): NodeRecord[] {
    const seen: NodeRecord[] = [];
    for (const publications of this.#byPeer.values()) {
      for (let at = publications.length - 1; at >= 0; at -= 1) {
        const publication = publications[at];
        if (publication === undefined || !this.#hasReached(publication, observer, nowMs)) continue;
        if (publication.record !== null) seen.push(publication.record);
        break;
      }
    }
    return seen;
  }

  /** Forgets peers whose last record ended before: only to keep long runs small. */
  forgetBefore(expiredMs: number): void {
    for (const [peerId, publications] of this.#byPeer) {
      const last = publications.findLast(({record}) => record !== null)?.record;
      if (last === undefined || last === null || last.expiresAtMs < expiredMs) {
        this.#byPeer.delete(peerId);
      }
    }
  }

  #add(peerId: PeerId, atMs: number, record: NodeRecord | null): void {
    this.#published += 1;
    const publications = this.#byPeer.get(peerId) ?? [];
    publications.push({atMs, number: this.#published, record});
    while (
      publications.length > KEPT &&
      (publications[KEPT]?.atMs ?? Infinity) + this.#faults.maxDelayMs <= atMs
    ) {
      publications.shift();
    }
    this.#byPeer.set(peerId, publications);
  }

  #hasReached({atMs, number}: Publication, observer: number, nowMs: number): boolean {
    const {minDelayMs, maxDelayMs, lossRate} = this.#faults;
    if (atMs + minDelayMs > nowMs) return false;
    if (lossRate === 0 && atMs + maxDelayMs <= nowMs) return true;
    const hash = hashWords([number, observer], this.#seed);
    if ((hash >>> 16) / 65_536 < lossRate) return false;
    const delayMs = minDelayMs + ((hash & 0xffff) / 65_536) * (maxDelayMs - minDelayMs);
    return atMs + delayMs <= nowMs;
  }
}
