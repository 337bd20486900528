import {RECORD_MAX_LIFE_MS} from '../records/signed-record.ts';

type Word = {readonly seq: number; readonly isFarewell: boolean};
type Tombstone = Word & {readonly untilMs: number};

/**
 * The last `seq` of records that are gone, for as long as an older record of
 * theirs could be valid.
 *
 * Whoever only lost its connection may come back with the very same record;
 * after a farewell it takes a later one.
 */
export class Tombstones {
  /** In the order of their making, which is nearly that of their end. */
  readonly #stones = new Map<string, Tombstone>();
  readonly #maxCount: number;

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  add(name: string, {seq, isFarewell}: Word, nowMs: number): void {
    const untilMs = seq + RECORD_MAX_LIFE_MS;
    this.#dropOld(nowMs);
    if (untilMs > nowMs) this.#stones.set(name, {seq, isFarewell, untilMs});
  }

  delete(name: string): void {
    this.#stones.delete(name);
  }

  /** Whether what is remembered under `name` is a later word than `offered`. */
  outranks(name: string, offered: Word): boolean {
    const stone = this.#stones.get(name);
    if (stone === undefined) return false;
    return stone.isFarewell ? stone.seq >= offered.seq : stone.seq > offered.seq;
  }

  #dropOld(nowMs: number): void {
    for (const [name, {untilMs}] of this.#stones) {
      if (untilMs > nowMs && this.#stones.size < this.#maxCount) return;
      this.#stones.delete(name);
    }
  }
}
