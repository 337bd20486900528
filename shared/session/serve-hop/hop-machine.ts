import {assert} from '#shared/base/assert.ts';
import type {PeerId, SessionId} from '#shared/base/ids.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import {kvTokensOf, type OpenSession} from '#shared/protocol/control/open-session.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {CLIENT_HOP, type Frame} from '#shared/protocol/frame/frame.ts';
import type {TokenMask} from '#shared/protocol/frame/token-mask.ts';
import {beyondShare, oldestWaiting, refusalBeyondShare} from './client-shares.ts';
import {checkOpening, type ServedRange} from './check-opening.ts';
import type {PieceMs} from './cut-piece.ts';
import {EngineTurns, type Piece} from './engine-turns.ts';
import type {HopAction, SessionStep} from './hop-session/hop-action.ts';
import type {HopContext} from './hop-session/hop-context.ts';
import type {SessionEvent, StepOutput} from './hop-session/hop-event.ts';
import {hopPlace, isSampledByMask, type HopPlace} from './hop-session/hop-place.ts';
import {openSession} from './hop-session/open-session.ts';
import {RecentSessions} from './recent-sessions.ts';
import {SessionClock} from './session-clock.ts';
import type {OpenState} from './hop-session/session-state.ts';
import {stepSession} from './hop-session/step-session.ts';

/** The sender of a message, and its session. */
export type Heard = {
  readonly from: PeerId;
  readonly sessionId: SessionId;
  readonly epoch: number;
};

/** One frame whose turn at the engine has come. */
export type HopTurn = Piece & {
  readonly place: HopPlace;
  /** What the engine is asked for: logits only where the tail samples. */
  readonly output: 'hidden' | 'logits' | 'none';
  /** Of a guided answer, the only tokens that may be sampled; `null`: all. */
  readonly allowed: TokenMask | null;
};

/** What a hop tells its record. */
export type MachineLoad = {
  /** Without those whose caches wait to be resumed. */
  readonly openSessions: number;
  readonly waitingCaches: number;
  /** Cache positions that each open session has reserved. */
  readonly kvTokensReserved: readonly number[];
  readonly queuedSteps: number;
  /** What this hop itself refused or had to end, by code; what it only passed on is not counted. */
  readonly refusals: ReadonlyMap<RefusalCode, number>;
};

type Actions = readonly HopAction[];

/**
 * All sessions of one hop: who may open one, whose turn it is at the engine, who pays when
 * there is no room. Each call is an event; a driver does what the actions say.
 */
export class HopMachine {
  readonly #context: HopContext;
  readonly #sessions = new Map<SessionId, OpenState>();
  readonly #clock = new SessionClock();
  readonly #recent = new RecentSessions();
  readonly #refusals = new Map<RefusalCode, number>();
  readonly #turns: EngineTurns;
  #serving: ServedRange | null = null;
  #isDraining = false;

  constructor(context: HopContext) {
    this.#context = context;
    this.#turns = new EngineTurns({
      limits: context.limits,
      rangeOf: (sessionId) => this.#sessions.get(sessionId)?.place.range,
    });
  }

  get load(): MachineLoad {
    // A cache that only waits to be resumed gives way to whoever opens.
    const open = [...this.#sessions.values()].filter(({kind}) => kind !== 'waiting');
    return {
      openSessions: open.length,
      waitingCaches: this.#sessions.size - open.length,
      kvTokensReserved: open.map(({place}) => kvTokensOf(place.open)),
      queuedSteps: this.#turns.length,
      refusals: this.#refusals,
    };
  }

  get serving(): ServedRange | null {
    return this.#serving;
  }

  /** Starts or stops serving; sessions of the layers before end with `code`. */
  serve(range: ServedRange | null, code: RefusalCode = 'NOT_SERVING'): Actions {
    this.#serving = range;
    return this.#all({kind: 'end', code});
  }

  /** Opens nothing more; sessions that are open go on, and may be resumed. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Opens sessions again. */
  reopen(): void {
    this.#isDraining = false;
  }

  /** What one layer takes for a piece of a prompt, as it was measured last: what is longer is run in parts. */
  pace(pieceLayerMs: PieceMs): void {
    this.#turns.pace(pieceLayerMs);
  }

  /** Takes a message that was read. */
  hear(heard: Heard, message: Message, nowMs: number): Actions {
    if (message.kind === 'open-session') return this.#open(heard, message, nowMs);
    const {sessionId, from, epoch} = heard;
    return this.step(sessionId, {kind: 'word', from, epoch, message, nowMs});
  }

  /** Takes a data frame, or a mask. */
  receive(from: PeerId, frame: Frame, nowMs: number): Actions {
    const {sessionId, epoch} = frame;
    if (this.#sessions.has(sessionId)) {
      const before = this.#sessions.get(sessionId);
      const actions = this.step(sessionId, {kind: 'frame', from, frame});
      // A frame that was dropped changes nothing, and is no sign of life.
      if (frame.kind !== 'mask' && this.#sessions.get(sessionId) !== before) {
        this.#clock.fed(sessionId, frame.position + frame.tokenCount, nowMs);
      }
      return actions;
    }
    // Frames that were under way when a session closed are nobody's fault.
    if (this.#recent.has(sessionId)) return [];
    return this.refuse({from, sessionId, epoch}, {code: 'UNKNOWN_SESSION', hopIndex: 0});
  }

  /** What waits for its client to say which token may come; `null`: nothing. */
  unguided(sessionId: SessionId): Frame | null {
    const state = this.#sessions.get(sessionId);
    return state?.kind === 'serving' ? state.unguided : null;
  }

  /** Answers what has no session here, and counts it. */
  refuse(
    {from, sessionId, epoch}: Heard,
    {code, hopIndex}: {readonly code: RefusalCode; readonly hopIndex: number},
  ): Actions {
    this.count(code);
    const upstreamHop = hopIndex === 0 ? CLIENT_HOP : hopIndex - 1;
    const address = {sessionId, epoch, hopIndex: upstreamHop};
    const message = {kind: 'session-failed', hopIndex, code} as const;
    return [{kind: 'tell', to: from, address, message}];
  }

  count(code: RefusalCode): void {
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
  }

  peerLeft(peerId: PeerId, nowMs: number): Actions {
    return this.#all({kind: 'peer-left', peerId, nowMs});
  }

  /** Frees sessions that were silent for too long, and caches that have waited long enough. */
  sweep(nowMs: number): Actions {
    const {limits} = this.#context;
    const actions: HopAction[] = [];
    for (const [sessionId, state] of this.#sessions) {
      if (state.kind === 'waiting') {
        if (nowMs >= state.untilMs) actions.push(...this.step(sessionId, {kind: 'give-up'}));
        continue;
      }
      if (this.#turns.holds(sessionId)) continue;
      if (this.#clock.isOverdue(sessionId, state, {nowMs, limits})) {
        actions.push(...this.step(sessionId, {kind: 'end', code: 'SESSION_EXPIRED'}));
      }
    }
    return actions;
  }

  /**
   * What the engine runs next, as one: a step of one token of each session that has one for the same
   * layers, or a piece of a prompt; where both wait, by turns. Their sessions get no other turn before `release`.
   *
   * @param mostSessions how many the engine runs as one: what it ran after them would hold up their results.
   */
  take(mostSessions: number): readonly HopTurn[] {
    return this.#turns.take(mostSessions).map((piece) => {
      const state = this.#sessions.get(piece.frame.sessionId);
      assert(state !== undefined, 'only sessions that are open have turns');
      const {place} = state;
      const output = place.isTail ? (piece.frame.sample ? 'logits' : 'none') : 'hidden';
      const isGuided = isSampledByMask(place, piece.frame);
      const allowed = isGuided && state.kind === 'serving' ? (state.mask?.allowed ?? null) : null;
      return {...piece, place, output, allowed};
    });
  }

  /** A turn has run. What comes of it is sent before `release`. */
  ran({frame}: HopTurn, output: StepOutput, nowMs: number): Actions {
    this.#clock.used(frame.sessionId, nowMs);
    return this.step(frame.sessionId, {kind: 'ran', frame, output});
  }

  /** What a turn gave has been sent, or nothing came of it. */
  release({frame}: HopTurn): void {
    this.#turns.release(frame.sessionId);
  }

  /** Something happened to one session; of one that is not open here nothing comes. */
  step(sessionId: SessionId, event: SessionEvent): Actions {
    const state = this.#sessions.get(sessionId);
    if (event.kind === 'broken' && event.code === 'KV_FULL') {
      const again = this.#reserveAgain(state, event.epoch);
      if (again !== null) return again;
    }
    return state === undefined
      ? []
      : this.#take(sessionId, stepSession(state, event, this.#context));
  }

  #open(heard: Heard, open: OpenSession, nowMs: number): Actions {
    const {sessionId, from} = heard;
    const state = this.#sessions.get(sessionId);
    // It was under way when a later one came.
    if (state !== undefined && open.epoch < state.place.epoch) return [];
    const code = this.#checkOpening(from, open, state);
    if (code !== null) return this.refuse(heard, {code, hopIndex: open.hopIndex});
    if (state !== undefined) {
      this.#clock.opened(sessionId, nowMs);
      return this.step(sessionId, {kind: 'resume', from, open});
    }
    const place = hopPlace({sessionId, from, open});
    const full = refusalBeyondShare(this.#sessions, place, this.#context.limits);
    const room = full === null ? this.#makeRoom(place, nowMs) : null;
    if (room === null) {
      return this.refuse(heard, {code: full ?? 'SESSIONS_FULL', hopIndex: open.hopIndex});
    }
    this.#clock.opened(sessionId, nowMs);
    return [...room, ...this.#take(sessionId, openSession({sessionId, from, open}))];
  }

  #checkOpening(from: PeerId, open: OpenSession, state: OpenState | undefined): RefusalCode | null {
    const isNew = state === undefined;
    const serving = isNew && this.#isDraining ? null : this.#serving;
    const code = checkOpening(open, {...this.#context, from, serving});
    if (code !== null || isNew) return code;
    if (open.epoch === state.place.epoch) return 'SESSION_EXISTS';
    return open.clientId === state.place.open.clientId ? null : 'MISADDRESSED';
  }

  /**
   * A cache that only waits gives way; then what is hardly used, of whoever holds too much of that; then what
   * is as good as not used at all. `null` when there is nothing of these.
   */
  #makeRoom(place: HopPlace, nowMs: number): Actions | null {
    const {maxSessions, slowStepMs, stoppedStepMs} = this.#context.limits;
    if (this.#sessions.size < maxSessions) return [];
    const waiting = oldestWaiting(this.#sessions);
    if (waiting !== null) return this.step(waiting, {kind: 'give-up'});
    const isSlow = (id: SessionId, stepMs: number) =>
      // What is in line waits for this hop itself.
      !this.#turns.holds(id) && this.#clock.isSlowerThan(stepMs, id, nowMs);
    const hardlyUsed = [...this.#sessions].filter(
      ([id]) => this.#clock.isUnused(id) || isSlow(id, slowStepMs),
    );
    const beyond =
      beyondShare(new Map(hardlyUsed), place) ??
      hardlyUsed.find(([id]) => isSlow(id, stoppedStepMs))?.[0];
    return beyond === undefined ? null : this.step(beyond, {kind: 'end', code: 'SESSIONS_FULL'});
  }

  /** The engine has no room: a cache that only waits gives way. `null` when none does. */
  #reserveAgain(state: OpenState | undefined, epoch: number): Actions | null {
    if (state?.kind !== 'reserving' || state.place.epoch !== epoch) return null;
    const {place, cache} = state;
    const waiting = oldestWaiting(this.#sessions);
    if (waiting === null) return null;
    const kvTokens = kvTokensOf(place.open);
    return [
      ...this.step(waiting, {kind: 'give-up'}),
      {kind: 'reserve', place, kvTokens, position: cache.position},
    ];
  }

  #all(event: SessionEvent): Actions {
    return [...this.#sessions.keys()].flatMap((sessionId) => this.step(sessionId, event));
  }

  #take(sessionId: SessionId, {state, actions}: SessionStep): Actions {
    if (state.kind === 'closed') this.#forget(sessionId);
    else this.#sessions.set(sessionId, state);
    const out: HopAction[] = [];
    for (const action of actions) {
      if (action.kind === 'count') this.count(action.code);
      else if (action.kind === 'drop-steps') this.#turns.drop(sessionId);
      else if (action.kind === 'run') out.push(...this.#enqueue(action.frame));
      else out.push(action);
    }
    return out;
  }

  /** Whoever fills the queue pays for it: answers that take turns never have the longest line. */
  #enqueue(frame: Frame): Actions {
    const {sessionId} = frame;
    const isFull = this.#turns.length >= this.#context.limits.maxQueuedSteps;
    const longest = isFull ? this.#turns.longest() : null;
    const actions = longest === null ? [] : this.step(longest, {kind: 'end', code: 'QUEUE_FULL'});
    const place = this.#sessions.get(sessionId)?.place;
    if (place === undefined) return actions;
    this.#turns.add(place.open.clientId, frame);
    return actions;
  }

  #forget(sessionId: SessionId): void {
    this.#sessions.delete(sessionId);
    this.#clock.forget(sessionId);
    this.#recent.add(sessionId);
  }
}
