import {asSessionId, type PeerId, type SessionId} from '../base/ids.ts';
import type {Frame} from '../protocol/frame/frame.ts';
import type {Hop} from '../protocol/control/open-session.ts';
import {REFUSALS, type RefusalCode} from '../protocol/control/refusal-code.ts';
import type {MissingLayers} from '../scheduling/scheduling-event.ts';
import {ChainAttempt, type AttemptContext} from './chain-attempt.ts';
import type {GenerationEvent, GenerationRequest} from './generation-event.ts';
import {GenerationFailedError} from './generation-failed.ts';
import {PromptTooLongError} from './prompt-too-long.ts';
import {SwarmFullError} from './swarm-full.ts';
import {untilAborted} from '../base/until-aborted.ts';

export type ChainChoice<H extends Hop = Hop> =
  | {readonly kind: 'chain'; readonly hops: readonly H[]; readonly stepMs: number}
  | {readonly kind: 'gap'; readonly missing: readonly MissingLayers[]};

export type GenerationClientOptions<H extends Hop = Hop> = AttemptContext & {
  /** Phase 2 over the newest snapshot; `avoid` are peers that have just refused. */
  readonly chooseChain: (request: GenerationRequest, avoid: ReadonlySet<PeerId>) => ChainChoice<H>;
  /** A chain is about to be used: counts its load until the function that it returns is called. */
  readonly promise?: (hops: readonly H[]) => () => void;
  /** Resolves when the snapshot has changed. */
  readonly nextSnapshot: (signal: AbortSignal) => Promise<void>;
  readonly newSessionId: () => SessionId;
  /**
   * How long a request waits for room while all that could serve it are full; after that
   * long without any, it is no use to ask again sooner than after as long a time.
   */
  readonly roomPatienceMs: number;
};

const MAX_ATTEMPTS = 5;
/** Refusals that pass as other answers end. */
const FULL: ReadonlySet<RefusalCode> = new Set(['SESSIONS_FULL', 'KV_FULL', 'QUEUE_FULL']);
const ROOM_RETRY_MS = 500;

/**
 * Asks the swarm: chooses a chain, runs the answer on it, and tries another
 * while the reader has seen nothing yet. Several answers may run at once.
 */
export class GenerationClient<H extends Hop = Hop> {
  readonly #options: GenerationClientOptions<H>;
  readonly #attempts = new Map<SessionId, ChainAttempt<H>>();

  constructor(options: GenerationClientOptions<H>) {
    this.#options = options;
    options.transport.onPeerClosed((peerId) => {
      for (const attempt of this.#attempts.values()) attempt.dropPeer(peerId);
    });
  }

  /** Takes one frame that is addressed to the client; what belongs to no answer is ignored. */
  receive(from: PeerId, frame: Frame): void {
    this.#attempts.get(frame.sessionId)?.receive(from, frame);
  }

  /**
   * The answer as it comes. Ends the session in every hop when the reader stops
   * or `signal` aborts.
   *
   * @throws {GenerationFailedError} when the answer cannot be completed.
   * @throws {PromptTooLongError} when no chain could ever have room for it.
   * @throws {SwarmFullError} when there was no room for it in all the time that it may wait.
   */
  async *generate(
    request: GenerationRequest,
    {signal}: {readonly signal: AbortSignal},
  ): AsyncGenerator<GenerationEvent<H>, void, undefined> {
    const avoid = new Set<PeerId>();
    const roomUntilMs = this.#options.nowMs() + this.#options.roomPatienceMs;
    let refusal: GenerationFailedError | null = null;
    let failedAttempts = 0;
    for (;;) {
      const {hops} = yield* this.#awaitChain(request, {avoid, refusal, roomUntilMs}, signal);
      const release = this.#options.promise?.(hops);
      const sessionId = this.#options.newSessionId();
      const attempt = new ChainAttempt(this.#options, {sessionId, hops, request});
      this.#attempts.set(sessionId, attempt);
      try {
        yield* attempt.run(signal);
        return;
      } catch (error) {
        if (!(error instanceof GenerationFailedError)) throw error;
        const {code, peerId} = error.detail;
        const canRetry = attempt.tokensShown === 0 && REFUSALS[code].next === 'chain';
        if (!FULL.has(code)) failedAttempts += 1;
        if (!canRetry || failedAttempts === MAX_ATTEMPTS) throw error;
        // Nobody in particular is to blame: then no hop of this chain is asked again.
        for (const id of peerId === null ? hops.map((hop) => hop.peerId) : [peerId]) avoid.add(id);
        refusal = error;
      } finally {
        release?.();
        this.#attempts.delete(sessionId);
      }
    }
  }

  /**
   * Waits until somebody serves every layer. When only peers that refused could,
   * and not because they are full for the moment, the refusal is the answer.
   */
  async *#awaitChain(
    request: GenerationRequest,
    {
      avoid,
      refusal,
      roomUntilMs,
    }: {
      readonly avoid: Set<PeerId>;
      readonly refusal: GenerationFailedError | null;
      readonly roomUntilMs: number;
    },
    signal: AbortSignal,
  ): AsyncGenerator<GenerationEvent<H>, Extract<ChainChoice<H>, {kind: 'chain'}>, undefined> {
    const {chooseChain, nextSnapshot, nowMs, roomPatienceMs: retryAfterMs} = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const choice = chooseChain(request, avoid);
      if (choice.kind === 'chain') {
        yield {kind: 'chain', hops: choice.hops, predictedStepMs: choice.stepMs};
        return choice;
      }
      const isRefused = refusal !== null && chooseChain(request, new Set()).kind === 'chain';
      if (isRefused && !FULL.has(refusal.detail.code)) throw refusal;
      const missing = isRefused ? choice.missing.map(asFull) : choice.missing;
      throwIfTooLong(missing, request);
      const isFull = missing.every(({why}) => why === 'full');
      if (isFull && nowMs() >= roomUntilMs) {
        throw new SwarmFullError({missing, retryAfterMs}, {cause: refusal});
      }
      yield {kind: 'waiting', missing};
      if (isFull) {
        await pause(ROOM_RETRY_MS, signal);
        avoid.clear();
      } else await nextSnapshot(signal);
    }
  }
}

function throwIfTooLong(
  missing: readonly MissingLayers[],
  {promptTokenIds, maxNewTokens}: GenerationRequest,
): void {
  const mostKvTokens = missing.flatMap((layers) => layers.mostKvTokens ?? []);
  if (mostKvTokens.length === 0) return;
  throw new PromptTooLongError({
    promptTokens: promptTokenIds.length,
    newTokens: maxNewTokens,
    // The last token of an answer is never fed back, and needs no place in a cache.
    mostTokens: Math.min(...mostKvTokens) + 1,
  });
}

function asFull({startLayer, endLayer}: MissingLayers): MissingLayers {
  return {startLayer, endLayer, why: 'full'};
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await untilAborted(new Promise((resolve) => void setTimeout(resolve, ms)), signal);
}

/** 16 hex digits out of 8 random bytes. */
export function sessionIdFrom(bytes: Uint8Array): SessionId {
  return asSessionId(Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''));
}
