import type {PeerId} from '#shared/base/ids.ts';

/**
 * What one hop did for one answer, as its client reports it: it was part of the chain that gave
 * the answer to its end, or failed. Not certain: another hop says so of it, or it is one of
 * several of which at least one failed.
 */
export type Conduct =
  | {readonly kind: 'finished'}
  | {
      readonly kind: 'refused' | 'left' | 'silent' | 'lied';
      readonly code: string;
      readonly isCertain: boolean;
    };

type Seen = {
  /** Failures that count, fewer with each answer that was finished since. */
  readonly strikes: number;
  /** Until then it is asked only where there is nobody else. */
  readonly shunnedUntilMs: number;
  /** The same, but for a doubt: until then, or until it helps to finish an answer. */
  readonly doubtedUntilMs: number;
  readonly changedMs: number;
  /** How much of what it says of itself is believed, 0 to 1; `null` while no answer has shown any of it. */
  readonly earned: number | null;
  /** Answers that it helped to finish since it last failed. */
  readonly finished: number;
  /** Answers since then that failed and may have failed by its fault. */
  readonly doubts: number;
};

const STRANGER: Seen = {
  strikes: 0,
  shunnedUntilMs: 0,
  doubtedUntilMs: 0,
  changedMs: 0,
  earned: null,
  finished: 0,
  doubts: 0,
};

/** A node is proven that is believed so much, or has helped to finish so many answers. */
const PROVEN = {earned: 0.6, finished: 8};

/** How long a node is shunned after its first failure; each further one doubles it. */
const SHUNNED_MS = {
  // Its record lives on for as long.
  left: 30_000,
  silent: 120_000,
  lied: 600_000,
  refused: 15_000,
};
/** It has no room now, and its record will soon say so. */
const FULL_MS = 2_000;
const FULL = new Set(['SESSIONS_FULL', 'KV_FULL', 'QUEUE_FULL']);
/**
 * Nobody knows which of several it was, or one hop says so of another: each for a moment, and four times as
 * long each time, until it helps to finish an answer. The honest ones of them soon do, with others.
 */
const DOUBTED_MS = 20_000;
const MOST_MS = 3_600_000;
/** A strike is forgotten after so long, also of a node that is asked nothing. */
const STRIKE_MS = 1_800_000;
/** How far belief moves towards what one answer showed. */
const STEP = 0.7;
/** Nodes that are remembered; the ones that changed longest ago are forgotten. */
const REMEMBERED = 4_096;

/**
 * What one client has seen of the nodes that served its answers: who is shunned, and for how
 * long, and how much of what nodes say of themselves has come true. Slow up, fast down. Nobody else's
 * word counts. All times are Unix ms, given by the caller.
 */
export class TrustBook {
  readonly #records = new Map<PeerId, Seen>();

  /** An answer tells what one of its hops did. */
  report(
    {peerId, conduct}: {readonly peerId: PeerId; readonly conduct: Conduct},
    nowMs: number,
  ): void {
    const before = this.#at(peerId, nowMs);
    this.#keep(peerId, {...before, ...afterConduct(before, conduct, nowMs), changedMs: nowMs});
  }

  /**
   * An answer has shown how much of the advantage that its hops claim was there.
   *
   * @param shown 0: the chain was as slow as ordinary nodes; 1: as fast as they say.
   */
  confirm(peerIds: Iterable<PeerId>, shown: number, nowMs: number): void {
    for (const peerId of peerIds) {
      const before = this.#at(peerId, nowMs);
      const earned = (before.earned ?? 0) + STEP * (shown - (before.earned ?? 0));
      this.#keep(peerId, {...before, earned, changedMs: nowMs});
    }
  }

  /**
   * An answer over these is over. Of those that helped to finish it, too short to show anything,
   * nothing is believed: they are not tried out again. Those of a chain that failed are, if it was not they.
   */
  tried(peerIds: Iterable<PeerId>, nowMs: number): void {
    for (const peerId of peerIds) {
      const before = this.#at(peerId, nowMs);
      const isUseless = before.earned === null && before.finished > 0;
      if (isUseless) this.#keep(peerId, {...before, earned: 0, changedMs: nowMs});
    }
  }

  /** Nodes to be asked only where there is nobody else. */
  shunned(nowMs: number): ReadonlySet<PeerId> {
    const found = new Set<PeerId>();
    for (const [peerId, {shunnedUntilMs, doubtedUntilMs}] of this.#records) {
      if (Math.max(shunnedUntilMs, doubtedUntilMs) > nowMs) found.add(peerId);
    }
    return found;
  }

  /** Nodes that are in doubt, the least doubted first, and of those the one that has waited longest. */
  doubted(): readonly PeerId[] {
    const found = [...this.#records].filter(([, {doubts}]) => doubts > 0);
    return found.toSorted(([, a], [, b]) => a.doubts - b.doubts).map(([peerId]) => peerId);
  }

  /** Whether the node may get more than its share of this client's answers. */
  isProven(peerId: PeerId): boolean {
    const {earned, finished, strikes} = this.#records.get(peerId) ?? STRANGER;
    return strikes < 1 && ((earned ?? 0) >= PROVEN.earned || finished >= PROVEN.finished);
  }

  /** How much of what nodes say of themselves is believed; those that no answer has shown are not in it. */
  earned(): ReadonlyMap<PeerId, number> {
    const found = new Map<PeerId, number>();
    for (const [peerId, {earned, strikes}] of this.#records) {
      // One that failed has to earn it again, and is not tried out.
      if (earned !== null || strikes > 0) found.set(peerId, strikes > 0 ? 0 : (earned ?? 0));
    }
    return found;
  }

  #at(peerId: PeerId, nowMs: number): Seen {
    const record = this.#records.get(peerId) ?? STRANGER;
    const forgotten = Math.floor((nowMs - record.changedMs) / STRIKE_MS);
    return {...record, strikes: Math.max(0, record.strikes - Math.max(0, forgotten))};
  }

  #keep(peerId: PeerId, record: Seen): void {
    // Re-inserted at the end: the first is the one that changed longest ago.
    this.#records.delete(peerId);
    this.#records.set(peerId, record);
    for (const oldest of this.#records.keys()) {
      if (this.#records.size <= REMEMBERED) break;
      this.#records.delete(oldest);
    }
  }
}

function afterConduct(
  {strikes, shunnedUntilMs, doubtedUntilMs, earned, finished, doubts}: Seen,
  conduct: Conduct,
  nowMs: number,
): Partial<Seen> {
  if (conduct.kind === 'finished') {
    const noDoubt = {doubts: 0, doubtedUntilMs: 0};
    return {strikes: Math.floor(strikes / 2), finished: finished + 1, ...noDoubt};
  }
  if (!conduct.isCertain) {
    const baseMs = FULL.has(conduct.code) ? FULL_MS : DOUBTED_MS;
    const untilMs = nowMs + doubled(baseMs, 2 * doubts);
    return {doubts: doubts + 1, doubtedUntilMs: Math.max(doubtedUntilMs, untilMs)};
  }
  const baseMs = FULL.has(conduct.code) ? FULL_MS : SHUNNED_MS[conduct.kind];
  return {
    strikes: strikes + 1,
    shunnedUntilMs: Math.max(shunnedUntilMs, nowMs + doubled(baseMs, strikes)),
    // Being full or closed says nothing of its speed.
    finished: 0,
    earned: conduct.kind === 'lied' || conduct.kind === 'silent' ? 0 : earned,
  };
}

function doubled(baseMs: number, times: number): number {
  return Math.min(MOST_MS, baseMs * 2 ** Math.min(20, times));
}
