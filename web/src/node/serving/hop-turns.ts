import {assert} from '#shared/base/assert.ts';
import type {SessionId} from '#shared/base/ids.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {OpenSession} from '#shared/protocol/control/open-session.ts';
import {refusalOf} from '#shared/protocol/control/refusal-of.ts';
import {decodeTokenIds} from '#shared/protocol/frame/token-ids.ts';
import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {sampledTokenOf} from '#shared/session/sample-token.ts';
import {tokenBiasOf, TokenCounts} from '#shared/session/token-bias.ts';
import type {HopAction} from '#shared/session/serve-hop/hop-session/hop-action.ts';
import type {StepOutput} from '#shared/session/serve-hop/hop-session/hop-event.ts';
import {isLastToken} from '#shared/session/serve-hop/hop-session/serve-frames.ts';
import type {HopMachine, HopTurn} from '#shared/session/serve-hop/hop-machine.ts';
import type {
  ShardInput,
  ShardOutput,
  ShardRunner,
  ShardStep,
  StepResult,
} from '../engine/shard-runner.ts';
import type {ReportToHop} from './report-to-hop.ts';
import type {ServedShard} from './served-shard.ts';

type Action<Kind extends HopAction['kind']> = Extract<HopAction, {readonly kind: Kind}>;

/** A turn that has run, on the stopwatch. */
export type RanTurn = {
  readonly turn: HopTurn;
  readonly output: StepOutput;
  /** What the tail sampled, when it did. */
  readonly token: SampledToken | null;
  readonly startedMs: number;
  readonly ranMs: number;
  /** How many steps the engine was given together, this one included. */
  readonly sessions: number;
};

export type HopTurnsOptions = {
  readonly machine: HopMachine;
  readonly spec: ModelSpec;
  readonly report: ReportToHop;
  readonly stopwatchMs: () => number;
  /** Sends what came of a turn; the session's turn after the next waits until that is on its way. */
  readonly send: (ran: RanTurn) => Promise<void>;
  /** Whether what came of this session's turns before is on its way. */
  readonly hasSent: (sessionId: SessionId) => boolean;
  /** The engine has let go of a session. */
  readonly onFreed: () => void;
  readonly onEngineLost: (cause: unknown) => void;
};

/** The engine of one hop: one run at a time, in turns between sessions. */
export class HopTurns {
  readonly #options: HopTurnsOptions;
  #shard: ServedShard | null = null;
  #isRunning = false;
  readonly #counts = new WeakMap<OpenSession, TokenCounts>();
  /** What came of the last turn of each session, on its way out. */
  readonly #leaving = new Map<SessionId, Promise<void>>();

  constructor(options: HopTurnsOptions) {
    this.#options = options;
  }

  /** The shard whose turns these are. */
  use(shard: ServedShard | null): void {
    this.#shard = shard;
  }

  async reserve({place, kvTokens, position}: Action<'reserve'>): Promise<void> {
    const {sessionId, epoch} = place;
    const {report} = this.#options;
    const runner = this.#shard?.runner;
    try {
      // In this order, whatever runs in between.
      const [, goesOnAt = position] = await Promise.all([
        runner?.openSession(sessionId, kvTokens),
        runner?.truncate(sessionId, position),
      ]);
      report(sessionId, {kind: 'reserved', epoch, position: goesOnAt});
    } catch (error) {
      report(sessionId, {kind: 'broken', epoch, code: refusalOf(error, 'ENGINE_LOST')});
    }
  }

  async truncate({place, position}: Action<'truncate'>): Promise<void> {
    const {sessionId, epoch} = place;
    const runner = this.#shard?.runner;
    try {
      await runner?.truncate(sessionId, position);
    } catch (error) {
      this.#fail(runner, {sessionId, epoch}, error);
    }
  }

  async free(sessionId: SessionId): Promise<void> {
    const runner = this.#shard?.runner;
    if (runner === undefined) return;
    try {
      await runner.closeSession(sessionId);
    } catch (cause) {
      this.#lose(runner, cause);
      return;
    }
    this.#options.onFreed();
  }

  /** Runs what waits, one run at a time; results are sent while the next one runs. */
  async run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let turns = this.#take(); turns.length > 0; turns = this.#take()) {
        await this.#runTurns(turns);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /**
   * Gives the engine to `act` for one step while no session is open; frames that come
   * meanwhile wait. `null` when the engine is taken or there is none.
   */
  async whileIdle<T>(act: (shard: ServedShard) => Promise<T>): Promise<T | null> {
    const shard = this.#shard;
    const isIdle = this.#options.machine.load.openSessions === 0;
    if (shard === null || this.#isRunning || !isIdle) return null;
    this.#isRunning = true;
    try {
      return await act(shard);
    } catch (error) {
      if (refusalOf(error, 'ENGINE_LOST') === 'ENGINE_LOST') this.#lose(shard.runner, error);
      return null;
    } finally {
      this.#isRunning = false;
      void this.run();
    }
  }

  #take(): readonly HopTurn[] {
    return this.#options.machine.take(this.#shard?.runner.mostSessions ?? 1);
  }

  async #runTurns(turns: readonly HopTurn[]): Promise<void> {
    const {machine, spec, stopwatchMs} = this.#options;
    const runner = this.#shard?.runner;
    if (runner === undefined) {
      for (const turn of turns) machine.release(turn);
      return;
    }
    const startedMs = stopwatchMs();
    let results: readonly StepResult[];
    try {
      results = await runner.run(turns.map((turn) => this.#stepOf(turn)));
    } catch (error) {
      for (const turn of turns) this.#failTurn(runner, turn, error);
      return;
    }
    const ranMs = stopwatchMs();
    const comingBack: Promise<void>[] = [];
    for (const [at, turn] of turns.entries()) {
      const result = results[at];
      assert(result !== undefined, 'a run says what became of each step');
      if (result.kind === 'refused') {
        this.#failTurn(runner, turn, result.error);
        continue;
      }
      const outcome = outcomeOf(turn, result.output, spec);
      if (outcome.token !== null) this.#countsOf(turn.place.open).add(outcome.token.tokenId);
      const ran = {turn, startedMs, ranMs, sessions: turns.length, ...outcome};
      const isComingBack = comesBackAtOnce(ran) && this.#options.hasSent(turn.frame.sessionId);
      const finished = this.#finish(ran);
      if (isComingBack) comingBack.push(finished);
    }
    // Else the first of them would run alone, and the others behind it: two runs in place of one. No peer
    // can make it wait: it is this tab's own frame, and nothing is in front of it.
    await Promise.all(comingBack);
  }

  #stepOf({place, frame, output, allowed}: HopTurn): ShardStep {
    const {sessionId, range, open} = place;
    const {position, tokenCount} = frame;
    const step = {sessionId, position, tokenCount, input: inputOf(frame), range, output};
    if (output !== 'logits') return step;
    return {...step, bias: tokenBiasOf(open.sampling, this.#countsOf(open), allowed)};
  }

  /** Of an opening: whoever resumes an answer says what came before. */
  #countsOf(open: OpenSession): TokenCounts {
    const held = this.#counts.get(open) ?? new TokenCounts(open.counted);
    this.#counts.set(open, held);
    return held;
  }

  #failTurn(runner: ShardRunner, turn: HopTurn, error: unknown): void {
    const {sessionId, epoch} = turn.frame;
    this.#options.machine.release(turn);
    this.#fail(runner, {sessionId, epoch}, error);
  }

  /** While one result leaves the next one is computed, and no more: the rest is the back-pressure. */
  async #finish(ran: RanTurn): Promise<void> {
    const {sessionId} = ran.turn.place;
    const before = this.#leaving.get(sessionId);
    const leaving = this.#options.send(ran);
    this.#leaving.set(sessionId, leaving);
    await before;
    this.#options.machine.release(ran.turn);
    void this.run();
    await leaving;
    if (this.#leaving.get(sessionId) === leaving) this.#leaving.delete(sessionId);
  }

  #fail(
    runner: ShardRunner | undefined,
    {sessionId, epoch}: {readonly sessionId: SessionId; readonly epoch: number},
    error: unknown,
  ): void {
    const code = refusalOf(error, 'ENGINE_LOST');
    this.#options.report(sessionId, {kind: 'broken', epoch, code});
    if (code === 'ENGINE_LOST' && runner !== undefined) this.#lose(runner, error);
  }

  /** A runner that was replaced or closed on purpose rejects what waits for it: that does not count as a loss. */
  #lose(runner: ShardRunner, cause: unknown): void {
    if (this.#shard?.runner === runner) this.#options.onEngineLost(cause);
  }
}

/** Whether the next step of this answer comes from here. */
function comesBackAtOnce({turn: {place, frame}, output}: RanTurn): boolean {
  if (!place.isHead || !place.isTail || output.kind !== 'token') return false;
  return !isLastToken(place, frame.position + frame.tokenCount, output);
}

function inputOf({kind, dtype, payload}: Frame): ShardInput {
  if (kind === 'tokens') return {kind: 'tokens', tokenIds: decodeTokenIds(payload)};
  return {kind: 'hidden', dtype: dtype === 'f32' ? 'f32' : 'f16', bytes: payload};
}

function outcomeOf(
  turn: HopTurn,
  output: ShardOutput,
  spec: ModelSpec,
): Pick<RanTurn, 'output' | 'token'> {
  if (output.kind !== 'logits') return {output, token: null};
  const {sampling} = turn.place.open;
  const position = turn.frame.position + turn.frame.tokenCount;
  const token = sampledTokenOf(output.top, {...sampling, position});
  return {output: {kind: 'token', isEnd: spec.endTokenIds.includes(token.tokenId)}, token};
}
