import type {ManifestHash, PeerId, SessionId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {decodeControlFrame, encodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import {refusalOf} from '#shared/protocol/control/refusal-of.ts';
import type {Transport} from '#shared/transport/transport.ts';
import {CLIENT_HOP, type Frame} from '#shared/protocol/frame/frame.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import {kvTokensOf, type OpenSession} from '#shared/protocol/control/open-session.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {checkOpening} from '#shared/session/check-opening.ts';
import {stepHop} from '#shared/session/hop-session.ts';
import {StepQueue} from '#shared/session/step-queue.ts';
import type {ShardRunner} from '../engine/shard-runner.ts';
import type {ObservedStep} from '../measure/speed-meter.ts';
import {checkFrame} from './check-frame.ts';
import {framesAfterStep, runHopStep} from './run-hop-step.ts';
import {SessionTable} from './session-table.ts';
import {SessionTrafficLog, type SessionTraffic} from './session-traffic.ts';
import {createServedSession, mayFeed, type ServedSession} from './served-session.ts';
import {timeStep, type RanStep, type WaitingStep} from './timed-step.ts';

/** The shard that a node serves, ready to run. */
export type ServedShard = {
  readonly runner: ShardRunner;
  readonly range: LayerRange & {readonly embedding: boolean; readonly lmHead: boolean};
};

export type HopLimits = {
  readonly maxSessions: number;
  readonly maxQueuedSteps: number;
  /** A session that is silent for longer is freed. */
  readonly idleTimeoutMs: number;
};

export type HopServerOptions = {
  readonly transport: Transport;
  readonly manifestHash: ManifestHash;
  readonly spec: ModelSpec;
  readonly grid: CutGrid;
  readonly limits: HopLimits;
  readonly nowMs: () => number;
  /** Monotonic, in ms with fractions: what a step takes is shorter than a ms of the clock. */
  readonly stopwatchMs: () => number;
  /** What each step took. */
  readonly onStep: (step: ObservedStep) => void;
  /** Sessions, queue, tokens or what the engine holds for them changed: the record of this node may say so. */
  readonly onChange: () => void;
  readonly onEngineLost: (cause: unknown) => void;
};

export type HopLoad = {
  readonly openSessions: number;
  /** Cache positions that open sessions have reserved. */
  readonly kvTokensReserved: number;
  readonly queuedSteps: number;
  readonly servedTokens: number;
  /** What this hop itself refused or had to end, by code; what it only passed on is not counted. */
  readonly refusals: ReadonlyMap<RefusalCode, number>;
};

/**
 * One hop of other people's answers: frame in → `stepHop` decides → the layers
 * run → frame out. Knows no DOM and no WebRTC; the transport says who sent what.
 */
export class HopServer {
  readonly #options: HopServerOptions;
  readonly #sessions: SessionTable;
  readonly #queue = new StepQueue<WaitingStep>();
  readonly #traffic = new SessionTrafficLog();
  #shard: ServedShard | null = null;
  #running = false;
  #isDraining = false;
  #servedTokens = 0;

  constructor(options: HopServerOptions) {
    this.#options = options;
    this.#sessions = new SessionTable({
      transport: options.transport,
      maxSessions: options.limits.maxSessions,
      onFreed: (session) => {
        this.#forget(session);
      },
      onChange: options.onChange,
    });
  }

  get load(): HopLoad {
    const {size, kvTokensReserved, refusals} = this.#sessions;
    return {
      openSessions: size,
      kvTokensReserved,
      queuedSteps: this.#queue.length,
      servedTokens: this.#servedTokens,
      refusals,
    };
  }

  /** What passed from here to the next hop, for each of the sessions served last. */
  sessionTraffic(): readonly SessionTraffic[] {
    return this.#traffic.read();
  }

  /** Starts or stops serving; sessions of the shard before fail with `NOT_SERVING`. */
  serve(shard: ServedShard | null): void {
    for (const session of this.#sessions.values()) this.#sessions.end(session, 'NOT_SERVING');
    this.#shard = shard;
  }

  /** Takes one frame that is addressed to a hop. Never throws: what is wrong is refused and counted. */
  receive(from: PeerId, frame: Frame): void {
    if (frame.kind === 'control') this.#receiveControl(from, frame);
    else this.#receiveData(from, frame);
  }

  /** Counts a frame that could not even be read. */
  countMalformed(): void {
    this.#sessions.count('MALFORMED_FRAME');
  }

  /** Frees sessions that were silent for too long; the composition root calls it now and then. */
  sweep(): void {
    const deadlineMs = this.#options.nowMs() - this.#options.limits.idleTimeoutMs;
    for (const session of this.#sessions.values()) {
      const isWaiting = this.#queue.holds(session.sessionId);
      if (session.lastActiveMs < deadlineMs && !isWaiting) {
        this.#sessions.end(session, 'SESSION_EXPIRED');
      }
    }
  }

  /** Opens nothing more; sessions that are open go on to their end. */
  drain(): void {
    this.#isDraining = true;
  }

  /**
   * Gives the engine to `act` for one step while no session is open; frames that come
   * meanwhile wait. `null` when the engine is taken or there is none.
   */
  async whileIdle<T>(act: (shard: ServedShard) => Promise<T>): Promise<T | null> {
    const shard = this.#shard;
    if (shard === null || this.#running || this.#sessions.size > 0) return null;
    this.#running = true;
    try {
      return await act(shard);
    } catch (error) {
      if (refusalOf(error, 'ENGINE_LOST') === 'ENGINE_LOST') this.#lose(shard.runner, error);
      return null;
    } finally {
      this.#running = false;
      void this.#drain();
    }
  }

  /** Ends all sessions; this hop hears of nothing any more. */
  close(): void {
    this.#sessions.close();
    this.#shard = null;
  }

  #receiveControl(from: PeerId, frame: Frame): void {
    let message: Message;
    try {
      message = decodeControlFrame(frame);
    } catch (error) {
      this.#sessions.refuse(from, frame, refusalOf(error, 'MALFORMED_MESSAGE'));
      return;
    }
    if (message.kind === 'open-session') {
      void this.#open(from, frame, message);
      return;
    }
    const session = this.#sessions.get(frame.sessionId);
    if (session === undefined) return;
    const {upstream, downstream, open} = session;
    if (message.kind === 'close-session' && (from === upstream || from === open.clientId)) {
      if (frame.epoch >= session.epoch) this.#sessions.free(session, message);
    } else if (message.kind === 'session-failed' && from === downstream) {
      this.#sessions.fail(session, message.code, message.hopIndex);
    } else {
      this.#sessions.count('MISADDRESSED');
    }
  }

  async #open(from: PeerId, frame: Frame, open: OpenSession): Promise<void> {
    const {transport, manifestHash, grid, spec, nowMs} = this.#options;
    const shard = this.#shard;
    const context = {
      self: transport.localPeerId,
      from,
      manifestHash,
      grid,
      contextTokens: spec.contextTokens,
      serving: this.#isDraining ? null : (shard?.range ?? null),
    };
    const refusal = checkOpening(open, context) ?? this.#sessions.checkRoom(frame.sessionId);
    if (refusal !== null || shard === null) {
      this.#sessions.refuse(from, frame, refusal ?? 'NOT_SERVING', open.hopIndex);
      return;
    }
    const session = createServedSession({
      sessionId: frame.sessionId,
      epoch: frame.epoch,
      open,
      from,
      nowMs: nowMs(),
    });
    this.#sessions.add(session);
    try {
      await shard.runner.openSession(session.sessionId, kvTokensOf(open));
      await this.#passOn(session);
      session.ready = true;
    } catch (error) {
      this.#sessions.end(session, refusalOf(error, 'ENGINE_LOST'));
    }
  }

  /** The opening goes to the next hop; at the tail the ring closes and the client may begin. */
  async #passOn(session: ServedSession): Promise<void> {
    const {transport} = this.#options;
    const {open, downstream, freed} = session;
    const {signal} = freed;
    signal.throwIfAborted(); // Closed while the engine reserved: the next hop need not hear of it.
    if (downstream !== null) {
      await connect(transport, downstream, signal);
      const hopIndex = open.hopIndex + 1;
      await this.#sendControl(downstream, session, hopIndex, {...open, hopIndex});
      return;
    }
    const head = open.hops[0];
    const ends = new Set([open.clientId, ...(head === undefined ? [] : [head.peerId])]);
    await Promise.all(Array.from(ends, (peerId) => connect(transport, peerId, signal)));
    await this.#sendControl(open.clientId, session, CLIENT_HOP, {
      kind: 'session-ready',
      inputFrom: open.hops.map(() => 0),
    });
  }

  #receiveData(from: PeerId, frame: Frame): void {
    const receivedMs = this.#options.stopwatchMs();
    const session = this.#sessions.get(frame.sessionId);
    if (session === undefined) {
      // Frames that were under way when a session closed are nobody's fault.
      if (!this.#sessions.isRecent(frame.sessionId))
        this.#sessions.refuse(from, frame, 'UNKNOWN_SESSION');
      return;
    }
    if (!mayFeed(session, from) || frame.hopIndex !== session.open.hopIndex) {
      this.#sessions.count('MISADDRESSED');
      return;
    }
    const code = this.#checkData(session, frame);
    if (code !== null) {
      this.#sessions.end(session, code);
      return;
    }
    if (this.#queue.length >= this.#options.limits.maxQueuedSteps) this.#shed();
    if (!this.#sessions.isOpen(session)) return;
    const {epoch, position, tokenCount} = frame;
    const {state, actions} = stepHop(session.state, {kind: 'frame', epoch, position, tokenCount});
    session.state = state;
    session.lastActiveMs = this.#options.nowMs();
    for (const action of actions) {
      if (action.kind === 'run-layers') {
        const queuedMs = this.#options.stopwatchMs();
        this.#queue.add(session.sessionId, {frame, receivedMs, queuedMs});
      } else if (action.kind === 'refuse') this.#sessions.end(session, action.code);
    }
    void this.#drain();
  }

  #checkData(session: ServedSession, frame: Frame): RefusalCode | null {
    if (frame.epoch < session.epoch) return null;
    if (!session.ready) return 'OUT_OF_ORDER';
    return checkFrame(frame, {isHead: session.isHead, spec: this.#options.spec});
  }

  /** Whoever filled the queue pays for it: answers that take turns never have the longest line. */
  #shed(): void {
    const longest = this.#queue.longest();
    for (const session of this.#sessions.values()) {
      if (session.sessionId === longest) this.#sessions.end(session, 'QUEUE_FULL');
    }
  }

  /** Runs what waits, one step at a time; results are sent while the next step runs. */
  async #drain(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.take(); next !== null; next = this.#queue.take()) {
        await this.#runStep(next.sessionId, next.step);
      }
    } finally {
      this.#running = false;
    }
  }

  async #runStep(sessionId: string, step: WaitingStep): Promise<void> {
    const {frame} = step;
    const session = this.#sessions.get(frame.sessionId);
    const shard = this.#shard;
    if (session === undefined || shard === null) {
      this.#queue.release(sessionId);
      return;
    }
    try {
      const {spec, stopwatchMs} = this.#options;
      const startedMs = stopwatchMs();
      const output = await runHopStep({session, frame, runner: shard.runner});
      const ranMs = stopwatchMs();
      const frames = framesAfterStep({session, frame, output, spec});
      this.#servedTokens += frame.tokenCount;
      session.lastActiveMs = this.#options.nowMs();
      void this.#sendAll(session, {...step, startedMs, ranMs}, frames);
    } catch (error) {
      this.#queue.release(sessionId);
      const code = refusalOf(error, 'ENGINE_LOST');
      this.#sessions.end(session, code);
      if (code === 'ENGINE_LOST') this.#lose(shard.runner, error);
    }
  }

  /** The session's next step runs only when this one's result is on its way: that is the back-pressure. */
  async #sendAll(
    session: ServedSession,
    step: RanStep,
    frames: readonly {readonly to: PeerId; readonly bytes: Uint8Array}[],
  ): Promise<void> {
    const {transport, stopwatchMs} = this.#options;
    const {position, tokenCount} = step.frame;
    try {
      let sentMs: number | null = null;
      for (const {to, bytes} of frames) {
        const frameBytes = bytes.byteLength;
        await transport.send(to, bytes, session.freed);
        sentMs ??= stopwatchMs(); // The ring waits for the first: the others are on the side.
        if (session.isTail) continue;
        const phase = position < session.open.promptTokens ? 'prefill' : 'decode';
        this.#traffic.add(session.sessionId, {phase, tokenCount, frameBytes});
      }
      this.#options.onStep(timeStep(session, step, sentMs ?? stopwatchMs()));
    } catch (error) {
      this.#sessions.end(session, refusalOf(error, 'PEER_LEFT'));
    } finally {
      this.#queue.release(session.sessionId);
      void this.#drain();
    }
  }

  /** What the queue and the engine hold for a session that is freed. */
  #forget({sessionId}: ServedSession): void {
    this.#queue.drop(sessionId);
    const runner = this.#shard?.runner;
    if (runner !== undefined) void this.#freeCache(runner, sessionId);
  }

  async #freeCache(runner: ShardRunner, sessionId: SessionId): Promise<void> {
    try {
      await runner.closeSession(sessionId);
    } catch (cause) {
      this.#lose(runner, cause);
      return;
    }
    this.#options.onChange();
  }

  /** A runner that was replaced or closed on purpose rejects what waits for it: that is no loss. */
  #lose(runner: ShardRunner, cause: unknown): void {
    if (this.#shard?.runner === runner) this.#options.onEngineLost(cause);
  }

  async #sendControl(
    to: PeerId,
    {sessionId, epoch, freed}: ServedSession,
    hopIndex: number,
    message: Message,
  ): Promise<void> {
    const bytes = encodeControlFrame({sessionId, epoch, hopIndex}, message);
    await this.#options.transport.send(to, bytes, freed);
  }
}

async function connect(transport: Transport, to: PeerId, signal: AbortSignal): Promise<void> {
  if (to !== transport.localPeerId) await transport.connect(to, {signal});
}
