import {assert} from '#shared/base/assert.ts';
import type {PeerId, SessionId} from '#shared/base/ids.ts';
import {layerCount, type LayerRange} from '#shared/model/layer-range.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {cutPiece, pieceMsOf, pieceTokensWithin, type PieceMs} from './cut-piece.ts';
import type {HopLimits} from './hop-session/hop-context.ts';
import {StepQueue} from './step-queue.ts';

/** What waits for the engine, and the frame that it is all of, or a part. */
export type Piece = {readonly frame: Frame; readonly received: Frame};

type EngineTurnsOptions = {
  readonly limits: Pick<HopLimits, 'pieceMs' | 'promptTurns'>;
  /** The layers that a session runs here; `undefined` when it is closed. */
  readonly rangeOf: (sessionId: SessionId) => LayerRange | undefined;
};

/** Whose turn it is at the engine: steps of answers and pieces of prompts, each in turns among themselves. */
export class EngineTurns {
  readonly #options: EngineTurnsOptions;
  readonly #queue = new StepQueue<Piece>();
  #pieceLayerMs: PieceMs = {fixedMs: 0, perTokenMs: 0};
  /** Sessions that have had a step. */
  readonly #answering = new Set<SessionId>();
  #lastTaken: 'steps' | 'piece' | null = null;
  /** Whose prompt has begun, and how many turns in a row it has left. */
  #prompt: {readonly sessionId: SessionId | null; readonly turnsLeft: number} = {
    sessionId: null,
    turnsLeft: 0,
  };
  /** Sessions whose steps have waited for a piece of another's prompt: they wait for no second one. */
  #overtaken: ReadonlySet<SessionId> = new Set();

  constructor(options: EngineTurnsOptions) {
    this.#options = options;
  }

  /** Pieces that wait, over all sessions. */
  get length(): number {
    return this.#queue.length;
  }

  /** What one layer takes for a piece of a prompt, as it was measured last. */
  pace(pieceLayerMs: PieceMs): void {
    this.#pieceLayerMs = pieceLayerMs;
  }

  /** A frame of a session that is open. */
  add(client: PeerId, received: Frame): void {
    const {sessionId} = received;
    this.#queue.add({sessionId, client}, {frame: received, received});
  }

  /** What the engine runs next, as one: a piece, or steps through the same layers of at most so many sessions. */
  take(mostSessions: number): readonly Piece[] {
    if (this.#lastTaken === 'piece') this.#overtaken = this.#queue.waiting(isStep);
    const first = this.#takeFirst();
    if (first === null) return [];
    this.#lastTaken = isStep(first) ? 'steps' : 'piece';
    if (this.#lastTaken === 'piece') return [this.#begin(first)];
    const taken = [first];
    const fits = (piece: Piece) => isStep(piece) && this.#areOfSameLayers(piece, first);
    while (taken.length < mostSessions) {
      const next = this.#takeOne(fits);
      if (next === null) break;
      taken.push(next);
    }
    const ids = new Set(taken.map(({frame}) => frame.sessionId));
    for (const sessionId of ids) this.#answering.add(sessionId);
    this.#overtaken = new Set([...this.#overtaken].filter((sessionId) => !ids.has(sessionId)));
    return taken;
  }

  /** What came of a session's turn is on its way: it may have the next. */
  release(sessionId: SessionId): void {
    this.#queue.release(sessionId);
  }

  /** Of the client with the most pieces waiting, the session with the most; `null` when none waits. */
  longest(): SessionId | null {
    return this.#queue.longest();
  }

  /** Whether a session has pieces that wait or run. */
  holds(sessionId: SessionId): boolean {
    return this.#queue.holds(sessionId);
  }

  /** Forgets what waits for a session. */
  drop(sessionId: SessionId): void {
    this.#answering.delete(sessionId);
    this.#queue.drop(sessionId);
  }

  #takeFirst(): Piece | null {
    const isOvertaken = (piece: Piece) =>
      isStep(piece) && this.#overtaken.has(piece.frame.sessionId);
    const overtaken = this.#takeOne(isOvertaken);
    if (overtaken !== null) return overtaken;
    const piece = this.#lastTaken === null ? null : this.#takePiece();
    return piece ?? this.#takeOne(() => true);
  }

  #takePiece(): Piece | null {
    const {sessionId, turnsLeft} = this.#prompt;
    const next = (piece: Piece) => !isStep(piece) && piece.frame.sessionId === sessionId;
    const same = turnsLeft > 0 ? this.#takeOne(next) : null;
    return same ?? this.#takeOne((piece) => !isStep(piece));
  }

  /** As much of a prompt as others can wait for; the rest is next in its session. */
  #begin(piece: Piece): Piece {
    const {frame} = piece;
    const pieceMs = this.#paceOf(frame.sessionId);
    const {first, rest} = cutPiece(frame, this.#mostTokens(frame.sessionId, pieceMs));
    this.#countTurns(frame.sessionId, pieceMsOf(first.tokenCount, pieceMs));
    if (rest === null) return piece;
    this.#queue.putBack(frame.sessionId, {...piece, frame: rest});
    return {...piece, frame: first};
  }

  /** One turn's while another answer runs here; else all that a prompt has in a row: long pieces take less for each token. */
  #mostTokens(sessionId: SessionId, pieceMs: PieceMs): number {
    const {limits} = this.#options;
    const isAlone = this.#answering.size === (this.#answering.has(sessionId) ? 1 : 0);
    return pieceTokensWithin(limits.pieceMs * (isAlone ? limits.promptTurns : 1), pieceMs);
  }

  /** A piece that takes longer than a turn counts for as many as it takes. */
  #countTurns(sessionId: SessionId, tookMs: number): void {
    const {promptTurns, pieceMs} = this.#options.limits;
    const isSame = this.#prompt.sessionId === sessionId && this.#prompt.turnsLeft > 0;
    const turns = Math.max(1, Math.round(tookMs / pieceMs));
    this.#prompt = {sessionId, turnsLeft: (isSame ? this.#prompt.turnsLeft : promptTurns) - turns};
  }

  /** What a piece takes through all layers of a session. */
  #paceOf(sessionId: SessionId): PieceMs {
    const range = this.#options.rangeOf(sessionId);
    assert(range !== undefined, 'only sessions that are open have turns');
    const layers = layerCount(range);
    const {fixedMs, perTokenMs} = this.#pieceLayerMs;
    return {fixedMs: layers * fixedMs, perTokenMs: layers * perTokenMs};
  }

  #areOfSameLayers(a: Piece, b: Piece): boolean {
    const [one, other] = [a, b].map(({frame}) => this.#options.rangeOf(frame.sessionId));
    return one?.startLayer === other?.startLayer && one?.endLayer === other?.endLayer;
  }

  #takeOne(fits: (piece: Piece) => boolean): Piece | null {
    for (let next = this.#queue.take(fits); next !== null; next = this.#queue.take(fits)) {
      if (this.#options.rangeOf(next.sessionId) !== undefined) return next.step;
      this.#queue.release(next.sessionId);
    }
    return null;
  }
}

/** A token of an answer, or the end of a prompt: it takes no longer than others that run with it. */
function isStep({frame}: Piece): boolean {
  return frame.tokenCount === 1;
}
