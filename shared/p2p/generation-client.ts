import {pushable, type Pushable} from 'it-pushable';
import {assert} from '../assert.ts';
import {asSessionId, type ManifestHash, type PeerId, type SessionId} from '../ids.ts';
import {encodeFrame, type Frame} from '../protocol/frame.ts';
import type {Hop, OpenSession, Sampling} from '../protocol/open-session.ts';
import {REFUSALS, type RefusalCode} from '../protocol/refusal-code.ts';
import {decodeSampledToken, type SampledToken} from '../protocol/sampled-token.ts';
import {encodeTokenIds} from '../protocol/token-ids.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '../protocol/version.ts';
import {decodeControlFrame, encodeControlFrame} from './control-frame.ts';
import {GenerationFailedError} from './generation-failed.ts';
import {refusalOf} from './refusal-of.ts';
import type {Transport} from './transport.ts';
import {untilAborted} from './until-aborted.ts';

/** Layers that nobody can serve, and why. */
export type MissingLayers = {
  readonly startLayer: number;
  readonly endLayer: number;
  readonly why: string;
};

export type ChainChoice<H extends Hop = Hop> =
  | {readonly kind: 'chain'; readonly hops: readonly H[]; readonly stepMs: number}
  | {readonly kind: 'gap'; readonly missing: readonly MissingLayers[]};

export type GenerationRequest = {
  readonly promptTokenIds: readonly number[];
  readonly maxNewTokens: number;
  readonly sampling: Sampling;
};

export type GenerationEvent<H extends Hop = Hop> =
  /** Nobody serves some layers; the answer begins when somebody does. */
  | {readonly kind: 'waiting'; readonly missing: readonly MissingLayers[]}
  | {readonly kind: 'chain'; readonly hops: readonly H[]; readonly predictedStepMs: number}
  /** Every hop has reserved; the prompt is sent when the reader asks for the next event. */
  | {readonly kind: 'ready'; readonly sessionId: SessionId}
  | {readonly kind: 'token'; readonly token: SampledToken; readonly atMs: number}
  | {readonly kind: 'end'; readonly finishReason: 'stop' | 'length'};

export type GenerationClientOptions<H extends Hop = Hop> = {
  readonly transport: Transport;
  readonly manifestHash: ManifestHash;
  readonly hiddenSize: number;
  readonly endTokenIds: readonly number[];
  /** Phase 2 over the newest snapshot; `avoid` are peers that have just refused. */
  readonly chooseChain: (request: GenerationRequest, avoid: ReadonlySet<PeerId>) => ChainChoice<H>;
  /** Resolves when the snapshot has changed. */
  readonly nextSnapshot: (signal: AbortSignal) => Promise<void>;
  readonly nowMs: () => number;
  readonly newSessionId: () => SessionId;
  /** A chain that says nothing for this long has failed. */
  readonly silenceMs: number;
  /** How long a request waits for room while all that could serve it are full. */
  readonly roomPatienceMs: number;
};

type Incoming =
  | {readonly kind: 'ready'}
  | {readonly kind: 'token'; readonly position: number; readonly token: SampledToken}
  | {readonly kind: 'failed'; readonly code: RefusalCode; readonly peerId: PeerId | null};

type Attempt<H extends Hop = Hop> = {
  readonly sessionId: SessionId;
  readonly hops: readonly H[];
  readonly inbox: Pushable<Incoming>;
};

/** Prompt pieces are about this large on the wire, so that hops work on different pieces at once. */
const PIECE_BYTES = 32 * 1024;
const MAX_ATTEMPTS = 5;
/** Refusals that pass as other answers end. */
const FULL: ReadonlySet<RefusalCode> = new Set(['SESSIONS_FULL', 'KV_FULL', 'QUEUE_FULL']);
const ROOM_RETRY_MS = 500;

/**
 * Asks the swarm: chooses a chain, opens the session, sends the prompt in
 * pieces and hands the tokens to the reader. Several answers may run at once.
 */
export class GenerationClient<H extends Hop = Hop> {
  readonly #options: GenerationClientOptions<H>;
  readonly #attempts = new Map<SessionId, Attempt<H>>();

  constructor(options: GenerationClientOptions<H>) {
    this.#options = options;
    options.transport.onPeerClosed((peerId) => {
      this.#dropPeer(peerId);
    });
  }

  /** Takes one frame that is addressed to the client; what belongs to no answer is ignored. */
  receive(from: PeerId, frame: Frame): void {
    const attempt = this.#attempts.get(frame.sessionId);
    if (attempt === undefined) return;
    const incoming = readIncoming(attempt, from, frame);
    if (incoming !== null) attempt.inbox.push(incoming);
  }

  /**
   * The answer as it comes. Ends the session in every hop when the reader stops
   * or `signal` aborts.
   *
   * @throws {GenerationFailedError} when the answer cannot be completed.
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
      const chain = yield* this.#awaitChain(request, {avoid, refusal, roomUntilMs}, signal);
      const progress = {tokensShown: 0};
      try {
        yield* this.#runChain(request, chain, progress, signal);
        return;
      } catch (error) {
        if (!(error instanceof GenerationFailedError)) throw error;
        const {code, peerId} = error.detail;
        const canRetry = progress.tokensShown === 0 && REFUSALS[code].next === 'chain';
        if (!FULL.has(code)) failedAttempts += 1;
        if (!canRetry || failedAttempts === MAX_ATTEMPTS) throw error;
        // Nobody in particular is to blame: then no hop of this chain is asked again.
        for (const id of peerId === null ? chain.hops.map((hop) => hop.peerId) : [peerId]) avoid.add(id);
        refusal = error;
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
    for (;;) {
      signal.throwIfAborted();
      const choice = this.#options.chooseChain(request, avoid);
      if (choice.kind === 'chain') {
        yield {kind: 'chain', hops: choice.hops, predictedStepMs: choice.stepMs};
        return choice;
      }
      if (refusal !== null && this.#options.chooseChain(request, new Set()).kind === 'chain') {
        const mayWait = FULL.has(refusal.detail.code) && this.#options.nowMs() < roomUntilMs;
        if (!mayWait) throw refusal;
        await pause(ROOM_RETRY_MS, signal);
        avoid.clear();
        continue;
      }
      yield {kind: 'waiting', missing: choice.missing};
      await this.#options.nextSnapshot(signal);
    }
  }

  async *#runChain(
    request: GenerationRequest,
    {hops}: {readonly hops: readonly H[]},
    progress: {tokensShown: number},
    signal: AbortSignal,
  ): AsyncGenerator<GenerationEvent<H>, void, undefined> {
    const inbox = pushable<Incoming>({objectMode: true});
    const attempt: Attempt<H> = {sessionId: this.#options.newSessionId(), hops, inbox};
    this.#attempts.set(attempt.sessionId, attempt);
    let reason: 'done' | 'cancelled' | 'failed' = 'cancelled';
    try {
      yield* this.#converse(request, attempt, progress, signal);
      reason = 'done';
    } catch (error) {
      reason = signal.aborted ? 'cancelled' : 'failed';
      throw error;
    } finally {
      this.#attempts.delete(attempt.sessionId);
      this.#post(attempt, reason);
    }
  }

  async *#converse(
    request: GenerationRequest,
    attempt: Attempt<H>,
    progress: {tokensShown: number},
    signal: AbortSignal,
  ): AsyncGenerator<GenerationEvent<H>, void, undefined> {
    await this.#open(request, attempt, signal);
    const {promptTokenIds, maxNewTokens} = request;
    let prompted = false;
    for (;;) {
      const incoming = await this.#next(attempt, progress, signal);
      if (incoming.kind === 'failed') {
        throw new GenerationFailedError({...incoming, ...progress});
      }
      if (incoming.kind === 'ready') {
        if (prompted) continue;
        prompted = true;
        yield {kind: 'ready', sessionId: attempt.sessionId};
        await this.#sendPrompt(promptTokenIds, attempt, signal);
        continue;
      }
      if (incoming.position !== promptTokenIds.length + progress.tokensShown) {
        throw this.#failed('OUT_OF_ORDER', attempt.hops.at(-1)?.peerId, progress);
      }
      progress.tokensShown += 1;
      yield {kind: 'token', token: incoming.token, atMs: this.#options.nowMs()};
      const finishReason = this.#finishReason(incoming.token, progress.tokensShown, maxNewTokens);
      if (finishReason !== null) {
        yield {kind: 'end', finishReason};
        return;
      }
    }
  }

  #finishReason(
    {tokenId}: SampledToken,
    tokensShown: number,
    maxNewTokens: number,
  ): 'stop' | 'length' | null {
    if (this.#options.endTokenIds.includes(tokenId)) return 'stop';
    return tokensShown >= maxNewTokens ? 'length' : null;
  }

  async #open(request: GenerationRequest, attempt: Attempt<H>, signal: AbortSignal): Promise<void> {
    const {transport, manifestHash} = this.#options;
    const {hops, sessionId} = attempt;
    const ends = [hops[0]?.peerId, hops.at(-1)?.peerId].filter((id) => id !== undefined);
    await Promise.all(Array.from(new Set(ends), (peerId) => this.#connect(peerId, signal)));
    const open: OpenSession = {
      kind: 'open-session',
      protocolMajor: PROTOCOL_MAJOR,
      protocolMinor: PROTOCOL_MINOR,
      manifestHash,
      clientId: transport.localPeerId,
      hopIndex: 0,
      hops: hops.map(({peerId, startLayer, endLayer}) => ({peerId, startLayer, endLayer})),
      promptTokens: request.promptTokenIds.length,
      maxNewTokens: request.maxNewTokens,
      sampling: request.sampling,
    };
    await this.#send(
      headOf(attempt),
      encodeControlFrame({sessionId, epoch: 0, hopIndex: 0}, open),
      signal,
    );
  }

  async #connect(peerId: PeerId, signal: AbortSignal): Promise<void> {
    const {transport} = this.#options;
    if (peerId === transport.localPeerId) return;
    try {
      await transport.connect(peerId, {signal});
    } catch (cause) {
      signal.throwIfAborted();
      throw this.#failed('PEER_UNREACHABLE', peerId, {tokensShown: 0}, cause);
    }
  }

  async #sendPrompt(
    promptTokenIds: readonly number[],
    attempt: Attempt<H>,
    signal: AbortSignal,
  ): Promise<void> {
    const pieceTokens = Math.max(1, Math.floor(PIECE_BYTES / (2 * this.#options.hiddenSize)));
    for (let position = 0; position < promptTokenIds.length; position += pieceTokens) {
      const piece = promptTokenIds.slice(position, position + pieceTokens);
      const frame = encodeFrame({
        kind: 'tokens',
        dtype: 'u32',
        sample: position + piece.length === promptTokenIds.length,
        sessionId: attempt.sessionId,
        epoch: 0,
        position,
        tokenCount: piece.length,
        hopIndex: 0,
        payload: encodeTokenIds(piece),
      });
      await this.#send(headOf(attempt), frame, signal);
    }
  }

  async #send(to: PeerId, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.transport.send(to, bytes, {signal});
    } catch (cause) {
      signal.throwIfAborted();
      throw this.#failed(refusalOf(cause, 'PEER_LEFT'), to, {tokensShown: 0}, cause);
    }
  }

  /** The next word from the chain; silence beyond the limit counts as a failure. */
  async #next(
    {inbox}: Attempt<H>,
    progress: {readonly tokensShown: number},
    signal: AbortSignal,
  ): Promise<Incoming> {
    const silence = AbortSignal.timeout(this.#options.silenceMs);
    const aborted = Promise.withResolvers<never>();
    const limit = AbortSignal.any([signal, silence]);
    const onAbort = (): void => {
      aborted.reject(
        signal.aborted ? signal.reason : this.#failed('SESSION_EXPIRED', undefined, progress),
      );
    };
    limit.addEventListener('abort', onAbort);
    if (limit.aborted) onAbort();
    try {
      const {value, done} = await Promise.race([inbox.next(), aborted.promise]);
      assert(done !== true, 'the inbox of an open answer does not end');
      return value;
    } finally {
      limit.removeEventListener('abort', onAbort);
    }
  }

  #failed(
    code: RefusalCode,
    peerId: PeerId | undefined,
    {tokensShown}: {readonly tokensShown: number},
    cause?: unknown,
  ): GenerationFailedError {
    return new GenerationFailedError({code, peerId: peerId ?? null, tokensShown}, {cause});
  }

  /** Frees the chain. A head that is gone has nothing to free; the hops behind it see its link close. */
  #post(attempt: Attempt<H>, reason: 'done' | 'cancelled' | 'failed'): void {
    const {sessionId} = attempt;
    const message = encodeControlFrame(
      {sessionId, epoch: 0, hopIndex: 0},
      {kind: 'close-session', reason},
    );
    this.#options.transport
      .send(headOf(attempt), message, {signal: AbortSignal.timeout(this.#options.silenceMs)})
      .catch(() => undefined);
  }

  #dropPeer(peerId: PeerId): void {
    for (const {hops, inbox} of this.#attempts.values()) {
      const isEnd = hops[0]?.peerId === peerId || hops.at(-1)?.peerId === peerId;
      if (isEnd) inbox.push({kind: 'failed', code: 'PEER_LEFT', peerId});
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await untilAborted(new Promise((resolve) => void setTimeout(resolve, ms)), signal);
}

function headOf({hops}: Attempt): PeerId {
  const head = hops[0];
  assert(head !== undefined, 'a chain has a head');
  return head.peerId;
}

/** What a frame says to this answer; `null` when its sender has no say in it. */
function readIncoming({hops}: Attempt, from: PeerId, frame: Frame): Incoming | null {
  const tail = hops.at(-1)?.peerId;
  if (from !== hops[0]?.peerId && from !== tail) return null;
  try {
    if (frame.kind === 'control') return readControl(hops, frame, from === tail);
    if (frame.kind !== 'sampled' || from !== tail) return null;
    return {kind: 'token', position: frame.position, token: decodeSampledToken(frame.payload)};
  } catch (error) {
    return {kind: 'failed', code: refusalOf(error, 'MALFORMED_MESSAGE'), peerId: from};
  }
}

function readControl(hops: readonly Hop[], frame: Frame, isTail: boolean): Incoming | null {
  const message = decodeControlFrame(frame);
  if (message.kind === 'session-ready' && isTail) return {kind: 'ready'};
  if (message.kind !== 'session-failed') return null;
  return {kind: 'failed', code: message.code, peerId: hops[message.hopIndex]?.peerId ?? null};
}

/** 16 hex digits out of 8 random bytes. */
export function sessionIdFrom(bytes: Uint8Array): SessionId {
  return asSessionId(Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''));
}
