import {pushable} from 'it-pushable';
import {assert} from '../base/assert.ts';
import type {ManifestHash, PeerId, SessionId} from '../base/ids.ts';
import {encodeFrame, type Frame} from '../protocol/frame/frame.ts';
import type {HopServed} from '../protocol/control/hop-served.ts';
import type {Hop, OpenSession} from '../protocol/control/open-session.ts';
import type {RefusalCode} from '../protocol/control/refusal-code.ts';
import {decodeSampledTokens, type SampledToken} from '../protocol/frame/sampled-token.ts';
import {encodeTokenIds} from '../protocol/frame/token-ids.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '../protocol/version.ts';
import {decodeControlFrame, encodeControlFrame} from '../transport/frames/control-frame.ts';
import type {GenerationEvent, GenerationRequest, ServedHop} from './generation-event.ts';
import {GenerationFailedError} from './generation-failed.ts';
import {refusalOf} from '../protocol/control/refusal-of.ts';
import type {Transport} from '../transport/transport.ts';
import {untilAborted} from '../base/until-aborted.ts';

/** What every attempt of a client has in common. */
export type AttemptContext = {
  readonly transport: Transport;
  readonly manifestHash: ManifestHash;
  readonly hiddenSize: number;
  readonly endTokenIds: readonly number[];
  readonly nowMs: () => number;
  /** A chain that says nothing for this long has failed. */
  readonly silenceMs: number;
};

type Incoming =
  | {readonly kind: 'ready'}
  | {readonly kind: 'tokens'; readonly position: number; readonly tokens: readonly SampledToken[]}
  | {readonly kind: 'served'; readonly hops: readonly HopServed[]}
  | {readonly kind: 'failed'; readonly code: RefusalCode; readonly peerId: PeerId | null};

/** Prompt pieces are about this large on the wire, so that hops work on different pieces at once. */
const PIECE_BYTES = 32 * 1024;
/** Ready, failed, left: what a chain may say beside its tokens. */
const CONTROL_WORDS = 8;

/** How long after its end an answer waits for what its hops measured. */
const SERVED_PATIENCE_MS = 3_000;

/** One session of one answer on one chain: opens it, sends the prompt, reads the tokens, closes it. */
export class ChainAttempt<H extends Hop = Hop> {
  readonly sessionId: SessionId;
  readonly hops: readonly H[];
  readonly #request: GenerationRequest;
  readonly #context: AttemptContext;
  readonly #inbox = pushable<Incoming>({objectMode: true});
  #tokensShown = 0;

  constructor(
    context: AttemptContext,
    attempt: {
      readonly sessionId: SessionId;
      readonly hops: readonly H[];
      readonly request: GenerationRequest;
    },
  ) {
    this.#context = context;
    this.sessionId = attempt.sessionId;
    this.hops = attempt.hops;
    this.#request = attempt.request;
  }

  /** How many tokens the reader has of this attempt. */
  get tokensShown(): number {
    return this.#tokensShown;
  }

  /** Takes one frame of this session; what its sender has no say in is ignored. */
  receive(from: PeerId, frame: Frame): void {
    const incoming = readIncoming(this.hops, from, frame);
    const maxIncoming = this.#request.maxNewTokens + CONTROL_WORDS;
    // An honest chain says one word per token; a flood is dropped, and then out of order.
    if (incoming !== null && this.#inbox.readableLength < maxIncoming) this.#inbox.push(incoming);
  }

  /** A link is lost: the session cannot go on without its head or its tail. */
  dropPeer(peerId: PeerId): void {
    const isEnd = this.#head === peerId || this.#tail === peerId;
    if (isEnd) this.#inbox.push({kind: 'failed', code: 'PEER_LEFT', peerId});
  }

  /**
   * The answer as it comes. Ends the session in every hop when it is complete, when
   * it fails, when the reader stops or when `signal` aborts.
   *
   * @throws {GenerationFailedError} with the refusal of the hop that is to blame.
   */
  async *run(signal: AbortSignal): AsyncGenerator<GenerationEvent<H>, void, undefined> {
    let reason: 'done' | 'cancelled' | 'failed' = 'cancelled';
    try {
      yield* this.#converse(signal);
      reason = 'done';
    } catch (error) {
      reason = signal.aborted ? 'cancelled' : 'failed';
      throw error;
    } finally {
      this.#close(reason);
    }
    const hops = await this.#awaitServed(signal);
    if (hops.length > 0) yield {kind: 'served', hops};
  }

  /** The last word of a chain whose session was closed; empty when it does not come. */
  async #awaitServed(signal: AbortSignal): Promise<readonly ServedHop<H>[]> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(SERVED_PATIENCE_MS)]);
    try {
      for (;;) {
        const {value, done} = await untilAborted(this.#inbox.next(), limit);
        if (done === true || value.kind === 'failed') return [];
        if (value.kind === 'served') return this.#servedHops(value.hops);
      }
    } catch {
      return []; // The reader left, or the word did not come: the answer is complete without it.
    }
  }

  #servedHops(served: readonly HopServed[]): readonly ServedHop<H>[] {
    return this.hops.flatMap((hop, at) => {
      const own = served.find(({hopIndex}) => hopIndex === at);
      if (own === undefined || own.decodeSteps === 0) return [];
      const {decodeSteps, serviceMs, waitMs} = own;
      return [{hop, decodeSteps, serviceMs, waitMs}];
    });
  }

  get #head(): PeerId {
    const [head] = this.hops;
    assert(head !== undefined, 'a chain has a head');
    return head.peerId;
  }

  get #tail(): PeerId | undefined {
    return this.hops.at(-1)?.peerId;
  }

  async *#converse(signal: AbortSignal): AsyncGenerator<GenerationEvent<H>, void, undefined> {
    await this.#open(signal);
    const {promptTokenIds, maxNewTokens} = this.#request;
    let prompted = false;
    for (;;) {
      const incoming = await this.#next(signal);
      if (incoming.kind === 'failed') {
        const {code, peerId} = incoming;
        throw new GenerationFailedError({code, peerId, tokensShown: this.#tokensShown});
      }
      if (incoming.kind === 'served') continue; // Before the end it says nothing yet.
      if (incoming.kind === 'ready') {
        if (prompted) continue;
        prompted = true;
        yield {kind: 'ready', sessionId: this.sessionId};
        await this.#sendPrompt(signal);
        continue;
      }
      if (incoming.position !== promptTokenIds.length + this.#tokensShown) {
        throw this.#failed('OUT_OF_ORDER', this.#tail);
      }
      for (const token of incoming.tokens) {
        this.#tokensShown += 1;
        yield {kind: 'token', token, atMs: this.#context.nowMs()};
        const isEnd = this.#context.endTokenIds.includes(token.tokenId);
        if (isEnd || this.#tokensShown >= maxNewTokens) {
          yield {kind: 'end', finishReason: isEnd ? 'stop' : 'length'};
          return;
        }
      }
    }
  }

  async #open(signal: AbortSignal): Promise<void> {
    const {transport, manifestHash} = this.#context;
    const {promptTokenIds, maxNewTokens, sampling} = this.#request;
    const ends = new Set([this.#head, ...(this.#tail === undefined ? [] : [this.#tail])]);
    await Promise.all(Array.from(ends, (peerId) => this.#connect(peerId, signal)));
    const open: OpenSession = {
      kind: 'open-session',
      protocolMajor: PROTOCOL_MAJOR,
      protocolMinor: PROTOCOL_MINOR,
      epoch: 0,
      keep: 'nothing',
      manifestHash,
      clientId: transport.localPeerId,
      hopIndex: 0,
      hops: this.hops.map(({peerId, startLayer, endLayer}) => ({
        peerId,
        startLayer,
        endLayer,
        warmPosition: 0,
      })),
      promptTokens: promptTokenIds.length,
      maxNewTokens,
      sampling,
    };
    const address = {sessionId: this.sessionId, epoch: 0, hopIndex: 0};
    await this.#send(encodeControlFrame(address, open), signal);
  }

  async #connect(peerId: PeerId, signal: AbortSignal): Promise<void> {
    const {transport} = this.#context;
    if (peerId === transport.localPeerId) return;
    try {
      await transport.connect(peerId, {signal});
    } catch (cause) {
      signal.throwIfAborted();
      throw this.#failed('PEER_UNREACHABLE', peerId, cause);
    }
  }

  async #sendPrompt(signal: AbortSignal): Promise<void> {
    const {promptTokenIds} = this.#request;
    const pieceTokens = Math.max(1, Math.floor(PIECE_BYTES / (2 * this.#context.hiddenSize)));
    for (let position = 0; position < promptTokenIds.length; position += pieceTokens) {
      const piece = promptTokenIds.slice(position, position + pieceTokens);
      const frame = encodeFrame({
        kind: 'tokens',
        dtype: 'u32',
        sample: position + piece.length === promptTokenIds.length,
        verify: false,
        sessionId: this.sessionId,
        epoch: 0,
        position,
        tokenCount: piece.length,
        hopIndex: 0,
        payload: encodeTokenIds(piece),
      });
      await this.#send(frame, signal);
    }
  }

  async #send(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const head = this.#head;
    try {
      await this.#context.transport.send(head, bytes, {signal});
    } catch (cause) {
      signal.throwIfAborted();
      throw this.#failed(refusalOf(cause, 'PEER_LEFT'), head, cause);
    }
  }

  /** The next word from the chain; silence beyond the limit counts as a failure. */
  async #next(signal: AbortSignal): Promise<Incoming> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#context.silenceMs)]);
    try {
      const {value, done} = await untilAborted(this.#inbox.next(), limit);
      assert(done !== true, 'the inbox of an open answer does not end');
      return value;
    } catch (error) {
      signal.throwIfAborted();
      throw limit.aborted ? this.#failed('SESSION_EXPIRED', undefined) : error;
    }
  }

  #failed(code: RefusalCode, peerId: PeerId | undefined, cause?: unknown): GenerationFailedError {
    const detail = {code, peerId: peerId ?? null, tokensShown: this.#tokensShown};
    return new GenerationFailedError(detail, {cause});
  }

  /** Frees the chain. A head that is gone has nothing to free; the hops behind it see its link close. */
  #close(reason: 'done' | 'cancelled' | 'failed'): void {
    const {transport, silenceMs} = this.#context;
    const message = encodeControlFrame(
      {sessionId: this.sessionId, epoch: 0, hopIndex: 0},
      {kind: 'close-session', reason},
    );
    transport
      .send(this.#head, message, {signal: AbortSignal.timeout(silenceMs)})
      .catch(() => undefined);
  }
}

/** What a frame says to this answer; `null` when its sender has no say in it. */
function readIncoming(hops: readonly Hop[], from: PeerId, frame: Frame): Incoming | null {
  const tail = hops.at(-1)?.peerId;
  if (from !== hops[0]?.peerId && from !== tail) return null;
  try {
    if (frame.kind === 'control') return readControl(hops, frame, from === tail);
    if (frame.kind !== 'sampled' || from !== tail) return null;
    return {kind: 'tokens', position: frame.position, tokens: decodeSampledTokens(frame)};
  } catch (error) {
    return {kind: 'failed', code: refusalOf(error, 'MALFORMED_MESSAGE'), peerId: from};
  }
}

function readControl(hops: readonly Hop[], frame: Frame, isTail: boolean): Incoming | null {
  const message = decodeControlFrame(frame);
  if (message.kind === 'session-ready' && isTail) return {kind: 'ready'};
  if (message.kind === 'session-served' && isTail) return {kind: 'served', hops: message.hops};
  if (message.kind !== 'session-failed') return null;
  return {kind: 'failed', code: message.code, peerId: hops[message.hopIndex]?.peerId ?? null};
}
