import type {PeerId} from '../../base/ids.ts';
import {Listeners} from '../../base/listeners.ts';
import {isFarewell, type NodeRecord} from '../../protocol/node-record.ts';
import {RECORD_MAX_LIFE_MS} from './signed-record.ts';

/**
 * Who listed a record: this node itself, a server that the bootstrap names, or
 * a stranger that offers a list (a hint).
 */
export type RecordSource = {
  readonly name: string;
  readonly kind: 'own' | 'named' | 'hint';
};

type Row = {
  readonly record: NodeRecord;
  /** The record as it was listed; `null` when it did not come from a list. */
  readonly text: string | null;
  readonly sources: ReadonlyMap<string, RecordSource['kind']>;
};
/** `worst`: the place of the row that leaves first, `Infinity` while there is none. */
type Counts = {readonly worst: number; readonly others: number; readonly hinted: number};
type Ended = {readonly seq: number; readonly untilMs: number};
type Options = {
  /** Owners that are listed beside the neighbours. */
  readonly maxRecords?: number;
  /** Whether this node has a link to `owner`, or had one not long ago. */
  readonly isNeighbour?: (owner: PeerId) => boolean;
};

/** Each costs a page some 0.2 ms to check, and again whenever it is renewed. */
const DEFAULT_MAX_RECORDS = 256;
/** Of those at most so many that no named server lists. */
const MAX_HINTED = 64;
const MAX_ENDED = 1024;

/** From the first that has to leave to those that always stay. */
const HINTED = 0;
const SPARE = 1;
const SERVING = 2;
const NEIGHBOUR = 3;

/**
 * Verified records with the servers that listed them: the highest `seq` of each
 * owner wins, farewells are remembered but never listed, the expired leave.
 *
 * A server that no longer lists a record says nothing: only expiry, a farewell,
 * or `gone` from every server that listed it end a record; what is older than
 * the end does not come back. Where there are more owners than places,
 * neighbours stay before others, those that serve before spare ones, and of
 * equals those heard first.
 */
export class RecordTable {
  /** In the order in which owners were first heard. */
  readonly #rows = new Map<PeerId, Row>();
  readonly #ended = new Map<PeerId, Ended>();
  readonly #onNews = new Listeners<[owner: PeerId, text: string]>();
  readonly #maxRecords: number;
  readonly #isNeighbour: (owner: PeerId) => boolean;
  /** `null` while they have to be counted again. */
  #counts: Counts | null = null;

  constructor({maxRecords = DEFAULT_MAX_RECORDS, isNeighbour = () => false}: Options = {}) {
    this.#maxRecords = maxRecords;
    this.#isNeighbour = isNeighbour;
  }

  /** Whether `text` is what is held of `owner`: then it was verified before, and `source` lists it too. */
  isHeld(owner: PeerId, text: string, source: RecordSource): boolean {
    const held = this.#rows.get(owner);
    if (held === undefined || held.text !== text) return false;
    this.#addSource(owner, held, source);
    return true;
  }

  /** Whether a record of `owner` may find a place, before anything of it was read. */
  hasPlaceFor(owner: PeerId, source: RecordSource): boolean {
    if (this.#rows.has(owner) || this.#isNeighbour(owner)) return true;
    const best = source.kind === 'hint' ? HINTED : SERVING;
    return this.#isRoom(best) || this.#count().worst < best;
  }

  /** Whether a record with this `seq` would be news: only then its signature is worth a look. */
  isNews(owner: PeerId, seq: number): boolean {
    return seq > this.newestSeq(owner);
  }

  /** What `owner` wrote up to this `seq` is no news; -1 when nothing was heard of it. */
  newestSeq(owner: PeerId): number {
    return Math.max(this.#rows.get(owner)?.record.seq ?? -1, this.#endedSeq(owner));
  }

  /** Calls `listener` with each record that is newer than what was held, farewells among them, where its text is known. */
  onNews(listener: (owner: PeerId, text: string) => void): () => void {
    return this.#onNews.add(listener);
  }

  /** At most `maxCount` of the records that are held, as they were listed: first those that leave last. */
  texts(maxCount: number): readonly {readonly owner: PeerId; readonly text: string}[] {
    return [...this.#rows]
      .toSorted(([a, rowA], [b, rowB]) => this.#placeOf(b, rowB) - this.#placeOf(a, rowA))
      .flatMap(([owner, {text}]) => (text === null ? [] : {owner, text}))
      .slice(0, maxCount);
  }

  /** @returns whether the list of live records changed. */
  add(record: NodeRecord, source: RecordSource, text: string | null = null): boolean {
    const {peerId, seq} = record;
    const held = this.#rows.get(peerId);
    if (held?.record.seq === seq) {
      this.#addSource(peerId, held, source);
      return false;
    }
    if (!this.isNews(peerId, seq)) return false;
    if (isFarewell(record)) {
      const wasListed = this.#end(peerId, seq);
      this.#tell(peerId, text);
      return wasListed;
    }
    const row = {record, text, sources: new Map([[source.name, source.kind]])};
    if (held === undefined && !this.#makeRoom(this.#placeOf(peerId, row))) return false;
    this.#rows.set(peerId, row);
    this.#counts = null;
    this.#tell(peerId, text);
    return true;
  }

  /** Forgets what only `source` knew of `owner`. @returns whether the list changed. */
  gone(owner: PeerId, source: RecordSource): boolean {
    const held = this.#rows.get(owner);
    if (held === undefined || !held.sources.has(source.name)) return false;
    const sources = new Map(held.sources);
    sources.delete(source.name);
    if (sources.size > 0) {
      this.#rows.set(owner, {...held, sources});
      return false;
    }
    return this.#end(owner, held.record.seq - 1); // It may come back with the record that it had.
  }

  /** Forgets `owner`, whoever lists it, until it comes back with the record that it had or a newer one. @returns whether the list changed. */
  lost(owner: PeerId): boolean {
    const held = this.#rows.get(owner);
    return held !== undefined && this.#end(owner, held.record.seq - 1);
  }

  /** Live records sorted by peer id; drops what is over by `nowMs`. */
  live(nowMs: number): readonly NodeRecord[] {
    for (const [owner, {untilMs}] of this.#ended) {
      if (untilMs <= nowMs) this.#ended.delete(owner);
    }
    const records: NodeRecord[] = [];
    for (const [owner, {record}] of this.#rows) {
      if (record.expiresAtMs > nowMs) records.push(record);
      else this.#remove(owner);
    }
    return records.toSorted((a, b) => (a.peerId < b.peerId ? -1 : 1));
  }

  /** Nothing of `owner` up to `seq` is listed again. @returns whether anything was. */
  #end(owner: PeerId, seq: number): boolean {
    const wasListed = this.#remove(owner);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size >= MAX_ENDED && oldest !== undefined && !this.#ended.has(owner)) {
      if (!wasListed) return false; // Strangers that were never here push nobody out.
      this.#ended.delete(oldest);
    }
    this.#ended.delete(owner);
    // Until nothing can be valid any more that was written before.
    this.#ended.set(owner, {seq, untilMs: seq + RECORD_MAX_LIFE_MS});
    return wasListed;
  }

  #tell(owner: PeerId, text: string | null): void {
    if (text !== null) this.#onNews.call(owner, text);
  }

  #endedSeq(owner: PeerId): number {
    return this.#ended.get(owner)?.seq ?? -1;
  }

  #addSource(owner: PeerId, held: Row, {name, kind}: RecordSource): void {
    if (held.sources.has(name)) return;
    this.#rows.set(owner, {...held, sources: new Map(held.sources).set(name, kind)});
    this.#counts = null;
  }

  #remove(owner: PeerId): boolean {
    this.#counts = null;
    return this.#rows.delete(owner);
  }

  #placeOf(owner: PeerId, {record, sources}: Row): number {
    let isNamed = false;
    for (const kind of sources.values()) {
      if (kind === 'own') return NEIGHBOUR;
      if (kind === 'named') isNamed = true;
    }
    if (this.#isNeighbour(owner)) return NEIGHBOUR;
    if (!isNamed) return HINTED;
    return record.shards.length > 0 || record.claim !== null ? SERVING : SPARE;
  }

  #makeRoom(place: number): boolean {
    if (this.#isRoom(place)) return true;
    if (place === HINTED) return false;
    let last: {readonly owner: PeerId; readonly place: number} | null = null;
    for (const [owner, row] of this.#rows) {
      const other = this.#placeOf(owner, row);
      if (other < place && (last === null || other <= last.place)) last = {owner, place: other};
    }
    return last !== null && this.#remove(last.owner);
  }

  /** Whether one more at this place needs nobody else's. */
  #isRoom(place: number): boolean {
    if (place === NEIGHBOUR) return true;
    // Nothing has to be counted while a table fills up.
    if (place !== HINTED && this.#rows.size < this.#maxRecords) return true;
    const {others, hinted} = this.#count();
    return others < this.#maxRecords && (place !== HINTED || hinted < MAX_HINTED);
  }

  #count(): Counts {
    if (this.#counts !== null) return this.#counts;
    const counts = {worst: Infinity, others: 0, hinted: 0};
    for (const [owner, row] of this.#rows) {
      const place = this.#placeOf(owner, row);
      counts.worst = Math.min(counts.worst, place);
      if (place !== NEIGHBOUR) counts.others += 1;
      if (place === HINTED) counts.hinted += 1;
    }
    this.#counts = counts;
    return this.#counts;
  }
}
