import type {PeerId, SessionId} from '#shared/base/ids.ts';
import {layerCount, type LayerRange} from '#shared/model/layer-range.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {cutPiece, pieceTokensWithin} from './cut-piece.ts';
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
  #promptTokenLayerMs = 0;
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

  /**
   * What one layer takes for one token of a prompt, among many: of those to come the engine gets no
   * more at once than it computes in `pieceMs`.
   */
  pace(promptTokenLayerMs: number): void {
    this.#promptTokenLayerMs = promptTokenLayerMs;
  }

  /** A frame of a session that is open. */
  add(client: PeerId, received: Frame, range: LayerRange): void {
    const {sessionId} = received;
    const tokenMs = layerCount(range) * this.#promptTokenLayerMs;
    const mostTokens = pieceTokensWithin(this.#options.limits.pieceMs, tokenMs);
    for (const frame of cutPiece(received, mostTokens)) {
      this.#queue.add({sessionId, client}, {frame, received});
    }
  }

  /** What the engine runs next, as one: a piece, or steps through the same layers of at most so many sessions. */
  take(mostSessions: number): readonly Piece[] {
    if (this.#lastTaken === 'piece') this.#overtaken = this.#queue.waiting(isStep);
    const first = this.#takeFirst();
    if (first === null) return [];
    const taken = [first];
    this.#lastTaken = isStep(first) ? 'steps' : 'piece';
    if (this.#lastTaken === 'piece') {
      this.#countPiece(first);
      return taken;
    }
    const fits = (piece: Piece) => isStep(piece) && this.#areOfSameLayers(piece, first);
    while (taken.length < mostSessions) {
      const next = this.#takeOne(fits);
      if (next === null) break;
      taken.push(next);
    }
    const ids = new Set(taken.map(({frame}) => frame.sessionId));
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

  #countPiece({frame: {sessionId}}: Piece): void {
    const {promptTurns} = this.#options.limits;
    const isSame = this.#prompt.sessionId === sessionId && this.#prompt.turnsLeft > 0;
    this.#prompt = {sessionId, turnsLeft: (isSame ? this.#prompt.turnsLeft : promptTurns) - 1};
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
