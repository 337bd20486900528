import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {batchMs} from '#shared/scheduling/cost-model.ts';
import {holdSpeed, isStepApart, type HeldSpeed} from '#shared/scheduling/steady-speed.ts';
import {pieceMsOf, type PieceMs} from '#shared/session/serve-hop/cut-piece.ts';
import {pieceMsPerLayer, type ShardSpeed} from '../engine/proof/measure-shard.ts';
import {RunningMedian} from './running-median.ts';

/** How long one frame took in this hop, waiting apart. */
export type ObservedStep = {
  readonly layers: number;
  readonly tokenCount: number;
  /** Whether norm and LM head ran too. */
  readonly withLmHead: boolean;
  /** How many steps the engine was given together, this one included. */
  readonly sessions: number;
  /** The engine, calls and copies to it included. */
  readonly runMs: number;
  /** Frame in to engine and engine to frame out; `null` for a step that no frame asked for. */
  readonly overheadMs: number | null;
};

export type SpeedFacts = Pick<
  NodeRecord,
  'decodeMsPerLayer' | 'prefillMsPerTokenLayer' | 'hopOverheadMs' | 'hopFixedMs' | 'steady'
>;

/** Urgent: worth a record of its own; the rest goes with the next one. */
export type ChangedFacts = {readonly facts: SpeedFacts; readonly isUrgent: boolean};

type Speed = {
  /** Of one session alone. */
  readonly decodeMsPerLayer: number;
  readonly prefillMsPerTokenLayer: number;
  readonly hopOverheadMs: number;
  /** The part of it that a batch takes once; absent without LM head. */
  readonly hopFixedMs?: number;
};

/** The last 32 steps, and none of before this: a tab that became slow says so within seconds. */
const WINDOW = {count: 32, ageMs: 10_000};
/** A change of speed is published at most this often: everybody reads and checks every record. */
const PUBLISH_EVERY_MS = 3_000;
/** A change that cannot wait for the next record. */
const URGENT_FACTOR = 1.5;
/** What a hidden tab takes is not known before it has run some steps; until then it says this much. */
const HIDDEN_GUESS = 2;
const STEPS_KNOWN = 4;
/** Shares are of at least this: a stub may declare that it takes nothing. */
const LEAST_MS = 1e-4;

/** Steps seen in one state of the tab: as shares of the reference, so that steps of any length count. */
class Seen {
  readonly decodeShare = new RunningMedian(WINDOW);
  readonly prefillShare = new RunningMedian(WINDOW);
  readonly overheadMs = new RunningMedian(WINDOW);
}

/**
 * How fast this tab runs its shard now: the reference of the load, scaled by
 * the median of the last real steps. A throttled, hidden or busy tab thus
 * becomes slower in its record. Time is an argument.
 */
export class SpeedMeter {
  readonly #reference: ShardSpeed;
  readonly #pieceMsPerLayer: PieceMs;
  #visible = new Seen();
  #hidden = new Seen();
  #isHidden = false;
  #guessed: Speed | null = null;
  #published: {readonly facts: SpeedFacts; readonly speed: Speed; readonly atMs: number} | null =
    null;
  #held: HeldSpeed | null;

  /**
   * @param reference what the shard took when it was loaded, alone and near an empty context.
   * @param held the speed by which this node is planned with already, if any.
   */
  constructor(reference: ShardSpeed, held: HeldSpeed | null = null) {
    this.#reference = reference;
    this.#pieceMsPerLayer = pieceMsPerLayer(reference);
    this.#held = held;
  }

  /** By what phase 1 plans with this node; a next shard goes on with it. */
  get held(): HeldSpeed | null {
    return this.#held;
  }

  set isHidden(isHidden: boolean) {
    if (isHidden === this.#isHidden) return;
    this.#isHidden = isHidden;
    if (!isHidden) return;
    this.#hidden = new Seen(); // How it was the last time may not be how it is now.
    this.#guessed = scaled(this.#published?.speed ?? this.#speedOf(this.#visible), HIDDEN_GUESS);
  }

  observe(step: ObservedStep, nowMs: number): void {
    const {layers, tokenCount, withLmHead, sessions, runMs, overheadMs} = step;
    const {decodeMsPerLayer, lmHeadMs} = this.#reference;
    const lmHeadStepMs = withLmHead && lmHeadMs !== null ? batchMs(lmHeadMs, sessions) : 0;
    const seen = this.#seen;
    if (tokenCount > 1) {
      const expectedMs = layers * pieceMsOf(tokenCount, this.#pieceMsPerLayer) + lmHeadStepMs;
      seen.prefillShare.add(runMs / Math.max(LEAST_MS, expectedMs), nowMs);
      return;
    }
    const expectedMs = layers * batchMs(decodeMsPerLayer, sessions) + lmHeadStepMs;
    seen.decodeShare.add(runMs / Math.max(LEAST_MS, expectedMs), nowMs);
    if (overheadMs !== null) seen.overheadMs.add(overheadMs, nowMs);
  }

  /** One token of one session through one layer, as it is now. */
  get decodeMsPerLayer(): number {
    return this.#speed.decodeMsPerLayer;
  }

  /** A piece of a prompt through one layer, as it is now. */
  get pieceMsPerLayer(): PieceMs {
    const {fixedMs, perTokenMs} = this.#pieceMsPerLayer;
    const before = Math.max(LEAST_MS, this.#reference.prefillMsPerTokenLayer);
    const share = this.#speed.prefillMsPerTokenLayer / before;
    return {fixedMs: share * fixedMs, perTokenMs: share * perTokenMs};
  }

  /** What the record should say, or `null` when it says so already, or was changed a moment ago. */
  changedFacts(nowMs: number): ChangedFacts | null {
    const speed = this.#speed;
    const published = this.#published;
    this.#held = holdSpeed(this.#held, speed, nowMs);
    const facts: SpeedFacts = {
      decodeMsPerLayer: this.#inParts(speed.decodeMsPerLayer),
      prefillMsPerTokenLayer: rounded(speed.prefillMsPerTokenLayer),
      hopOverheadMs: rounded(speed.hopOverheadMs),
      ...(speed.hopFixedMs !== undefined && {hopFixedMs: rounded(speed.hopFixedMs)}),
      steady: this.#held.speed,
    };
    if (published !== null) {
      const isNews = isApart(published.speed, speed) || published.facts.steady !== facts.steady;
      if (!isNews || nowMs - published.atMs < PUBLISH_EVERY_MS) return null;
    }
    this.#published = {facts, speed, atMs: nowMs};
    return {facts, isUrgent: published === null || isFarApart(published.speed, speed)};
  }

  /** What one session takes, in the parts that the load measured. */
  #inParts(aloneMs: number): SpeedFacts['decodeMsPerLayer'] {
    const {fixedMs, perSessionMs} = this.#reference.decodeMsPerLayer;
    const share = aloneMs / Math.max(LEAST_MS, fixedMs + perSessionMs);
    return {fixedMs: rounded(share * fixedMs), perSessionMs: rounded(share * perSessionMs)};
  }

  get #seen(): Seen {
    return this.#isHidden ? this.#hidden : this.#visible;
  }

  get #speed(): Speed {
    if (!this.#isHidden) return this.#speedOf(this.#visible);
    const isKnown = this.#hidden.decodeShare.count >= STEPS_KNOWN;
    return !isKnown && this.#guessed !== null ? this.#guessed : this.#speedOf(this.#hidden);
  }

  #speedOf(seen: Seen): Speed {
    const {decodeMsPerLayer, prefillMsPerTokenLayer, lmHeadMs} = this.#reference;
    const decodeShare = seen.decodeShare.value ?? 1;
    const prefillShare = seen.prefillShare.value ?? decodeShare;
    const overheadMs = seen.overheadMs.value ?? this.#visible.overheadMs.value ?? 0;
    return {
      decodeMsPerLayer: batchMs(decodeMsPerLayer, 1) * decodeShare,
      prefillMsPerTokenLayer: prefillMsPerTokenLayer * prefillShare,
      hopOverheadMs: overheadMs + (lmHeadMs === null ? 0 : batchMs(lmHeadMs, 1)) * decodeShare,
      ...(lmHeadMs !== null && {hopFixedMs: lmHeadMs.fixedMs * decodeShare}),
    };
  }
}

function scaled(speed: Speed, factor: number): Speed {
  return {
    decodeMsPerLayer: speed.decodeMsPerLayer * factor,
    prefillMsPerTokenLayer: speed.prefillMsPerTokenLayer * factor,
    hopOverheadMs: speed.hopOverheadMs * factor,
    ...(speed.hopFixedMs !== undefined && {hopFixedMs: speed.hopFixedMs * factor}),
  };
}

function isFarApart(a: Speed, b: Speed): boolean {
  const factor = b.decodeMsPerLayer / Math.max(LEAST_MS, a.decodeMsPerLayer);
  return factor > URGENT_FACTOR || factor < 1 / URGENT_FACTOR;
}

function isApart(a: Speed, b: Speed): boolean {
  return (
    isStepApart(a.decodeMsPerLayer, b.decodeMsPerLayer) ||
    isStepApart(a.prefillMsPerTokenLayer, b.prefillMsPerTokenLayer) ||
    (isStepApart(a.hopOverheadMs, b.hopOverheadMs) &&
      Math.abs(a.hopOverheadMs - b.hopOverheadMs) > 0.1)
  );
}

/** Four digits: no clock says more. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
