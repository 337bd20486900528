import type {PeerId} from '../ids.ts';
import {isFarewell, type NodeRecord} from '../protocol/node-record.ts';
import {carriedUntilMs} from './signed-record.ts';

type Row = {readonly record: NodeRecord; readonly sources: ReadonlySet<string>};

/**
 * Verified records with the servers that listed them: the highest `seq` of each
 * owner wins, farewells are remembered but never listed, the expired leave.
 *
 * A server that no longer lists a record says nothing: only expiry, a farewell,
 * or `gone` from every server that listed it end a record.
 */
export class RecordTable {
  readonly #rows = new Map<PeerId, Row>();

  /** @returns whether the list of live records changed. */
  add(record: NodeRecord, source: string): boolean {
    const held = this.#rows.get(record.peerId);
    if (held !== undefined && held.record.seq > record.seq) return false;
    const isSame = held?.record.seq === record.seq;
    const sources = isSame ? new Set([...held.sources, source]) : new Set([source]);
    this.#rows.set(record.peerId, {record, sources});
    return !isSame;
  }

  /** Forgets what only `source` knew of `owner`. @returns whether the list changed. */
  gone(owner: PeerId, source: string): boolean {
    const held = this.#rows.get(owner);
    if (held === undefined || !held.sources.has(source)) return false;
    const sources = new Set([...held.sources].filter((other) => other !== source));
    if (sources.size > 0) {
      this.#rows.set(owner, {record: held.record, sources});
      return false;
    }
    this.#rows.delete(owner);
    return !isFarewell(held.record);
  }

  seqOf(owner: PeerId): number {
    return this.#rows.get(owner)?.record.seq ?? -1;
  }

  /** Live records sorted by peer id; drops what is over by `nowMs`. */
  live(nowMs: number): readonly NodeRecord[] {
    const records: NodeRecord[] = [];
    for (const [owner, {record}] of this.#rows) {
      if (carriedUntilMs(record) <= nowMs) this.#rows.delete(owner);
      else if (!isFarewell(record)) records.push(record);
    }
    return records.toSorted((a, b) => (a.peerId < b.peerId ? -1 : 1));
  }
}
