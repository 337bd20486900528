import {pushable} from 'it-pushable';
import type {ManifestHash, PeerId, SessionId} from '#shared/base/ids.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {refusalOf} from '#shared/protocol/control/refusal-of.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {hasToken, type TokenMask} from '#shared/protocol/frame/token-mask.ts';
import type {HopServed} from '#shared/protocol/control/hop-served.ts';
import type {GenerationState} from '#shared/session/generation/state/generation-state.ts';
import type {SeenEvent} from '#shared/session/generation/state/generation-event.ts';
import {
  pieceTokensOf,
  type GenerationLimits,
} from '#shared/session/generation/state/generation-task.ts';
import type {HopReport} from '#shared/session/generation/state/hop-conduct.ts';
import type {Refusal} from '#shared/session/generation/state/refusal.ts';
import {connectWithin} from '#shared/transport/connect-within.ts';
import type {LinkLoss, Transport} from '#shared/transport/transport.ts';
import type {ClosedPeers, PublishedAtMs} from '#shared/scheduling/routing/trust/closed-peers.ts';
import {failureOf} from './failure-of.ts';
import {GenerationRun, type GuideAction, type RunNews, type SentAction} from './generation-run.ts';
import type {GenerationRequest, ReaderEvent} from './reader-event.ts';
import type {ChainChoice, ChainWish} from './route-answer.ts';
import {encodeAction, encodeMask, readFrame} from './session-frames.ts';
import {endOf, samplingOf} from './session-messages.ts';

/** How long the end of an answer is worth a new link. */
const CLOSE_MS = 60_000;
/** Ready, failed, left: what a chain may say beside its tokens. */
const CONTROL_WORDS = 8;

/** What all answers of a client have in common. */
export type AnswerContext<H extends Hop> = {
  readonly transport: Transport;
  readonly manifestHash: ManifestHash;
  readonly spec: Pick<ModelSpec, 'hiddenSize' | 'endTokenIds' | 'vocabularySize' | 'contextTokens'>;
  readonly limits: GenerationLimits;
  /** Phase 2 over the newest snapshot. */
  readonly chooseChain: (wish: ChainWish) => ChainChoice<H>;
  readonly publishedAtMs: PublishedAtMs;
  /** A chain is about to be used: counts its load until the function that it returns is called. */
  readonly promise?: (hops: readonly H[]) => () => void;
  /** Hears what each hop of an answer did. */
  readonly report?: (report: HopReport) => void;
  /** Hears how fast tokens came over a chain, at its best. */
  readonly timed?: (hops: readonly H[], stepMs: number) => void;
  /** Monotonic. */
  readonly nowMs: () => number;
};

/** One answer over the transport: does what the machine of an answer says, and tells it what comes of it. */
export class RunningAnswer<H extends Hop = Hop> {
  readonly #context: AnswerContext<H>;
  readonly #sessionId: SessionId;
  readonly #request: GenerationRequest;
  readonly #closed: ClosedPeers;
  readonly #run: GenerationRun<H>;
  readonly #events = pushable<ReaderEvent<H>>({objectMode: true});
  /** The reader has had all there is, and waits for more. */
  #isAwaited = false;
  /** What came while it did not: frames, and that time has passed. */
  readonly #arrived: (() => void)[] = [];
  /** How many frames of it are from whom. */
  readonly #unread = new Map<PeerId, number>();
  /** Of a guided answer: the mask that its tail was sent last. */
  #mask: {readonly position: number; readonly allowed: TokenMask} | null = null;
  /** Aborted when the answer is over: what it still sends is not sent any more. */
  readonly #over = new AbortController();

  constructor(
    context: AnswerContext<H>,
    {
      sessionId,
      request,
      closed,
    }: {
      readonly sessionId: SessionId;
      readonly request: GenerationRequest;
      readonly closed: ClosedPeers;
    },
  ) {
    const {spec, limits, nowMs, promise, chooseChain, publishedAtMs} = context;
    const {hiddenSize, endTokenIds, vocabularySize, contextTokens} = spec;
    this.#context = context;
    this.#sessionId = sessionId;
    this.#request = request;
    this.#closed = closed;
    const pieceTokens = pieceTokensOf(hiddenSize);
    const model = {endTokenIds, vocabularySize, contextTokens};
    const {promptTokenIds, maxNewTokens} = request;
    const sampling = samplingOf(request);
    const task = {promptTokenIds, maxNewTokens, sampling, ...model, pieceTokens, limits};
    const clock = {
      nowMs,
      after: (delayMs: number, run: () => void) =>
        afterMs(delayMs, () => {
          this.#arrive(run);
        }),
    };
    this.#run = new GenerationRun<H>({task, closed: closed.list()}, clock, {
      publishedAtMs,
      reach: (peerId) => void this.#reach(peerId),
      choose: ({avoid, warm, ran}) => chooseChain({request, avoid, warm, ran}),
      promise: (hops) => promise?.(hops) ?? (() => undefined),
      send: (to, action) => void this.#send(to, action),
      guide: (tail, action) => void this.#guide(tail, action),
      report: (report) => {
        context.report?.(report);
      },
      timed: (hops, stepMs) => {
        context.timed?.(hops, stepMs);
      },
      tell: (news) => {
        this.#tell(news);
      },
      end: (state) => {
        this.#end(state);
      },
    });
  }

  /**
   * Takes one frame of this session, as soon as its reader has read what came before: an
   * answer never runs ahead of its reader. What its sender has no say in is ignored.
   */
  receive(from: PeerId, frame: Frame): void {
    if (endOf(this.#run.hops, from) === null) return;
    const unread = this.#unread.get(from) ?? 0;
    // An honest hop says one word per token; of a flood the end is dropped, and then out of order.
    if (unread > this.#request.maxNewTokens + CONTROL_WORDS) return;
    this.#unread.set(from, unread + 1);
    this.#arrive(() => {
      this.#unread.set(from, (this.#unread.get(from) ?? 1) - 1);
      const seen = readFrame(this.#run.hops, from, frame);
      if (seen === null) return;
      this.#run.take(this.#isAllowed(seen) ? seen : disobeyed(from, frame.epoch));
    });
  }

  /** A tail that does not know masks, or does not care, samples what it likes. */
  #isAllowed(seen: SeenEvent): boolean {
    if (this.#request.guide === undefined || seen.kind !== 'tokens') return true;
    const {position, tokens} = seen;
    const [first, ...rest] = tokens;
    const mask = this.#mask?.position === position ? this.#mask.allowed : null;
    return (
      first !== undefined && rest.length === 0 && mask !== null && hasToken(mask, first.tokenId)
    );
  }

  /** Whether the peer is in the chain that was chosen last. */
  hasHop(peerId: PeerId): boolean {
    return this.#run.hops.some((hop) => hop.peerId === peerId);
  }

  /** After the frames that came before: the last token counts, also for a reader that is late. */
  loseLink(peerId: PeerId, loss: LinkLoss): void {
    this.#arrive(() => {
      this.#run.take({kind: 'link-lost', peerId, isSilent: loss === 'silent'});
    });
  }

  seeSnapshot(): void {
    this.#run.seeSnapshot();
  }

  /**
   * The answer as it comes. Ends the session in every hop when it is complete, when
   * it fails, when the reader stops or when `signal` aborts.
   */
  async *read(signal: AbortSignal): AsyncGenerator<ReaderEvent<H>, void, undefined> {
    signal.throwIfAborted();
    const stop = () => {
      this.#run.take({kind: 'stop'});
    };
    signal.addEventListener('abort', stop, {once: true});
    try {
      this.#run.start();
      for (;;) {
        const event = await this.#nextEvent();
        signal.throwIfAborted();
        if (event === null) return;
        yield event;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  }

  async #nextEvent(): Promise<ReaderEvent<H> | null> {
    this.#isAwaited = this.#events.readableLength === 0;
    this.#takeArrived();
    const {value, done} = await this.#events.next();
    return done === true ? null : value;
  }

  #arrive(take: () => void): void {
    this.#arrived.push(take);
    this.#takeArrived();
  }

  #takeArrived(): void {
    while (this.#isAwaited) {
      const take = this.#arrived.shift();
      if (take === undefined) return;
      take();
    }
  }

  #push(event: ReaderEvent<H>): void {
    this.#isAwaited = false;
    this.#events.push(event);
  }

  async #send(to: PeerId, action: SentAction): Promise<void> {
    if (action.kind === 'close') {
      await this.#close(to, action);
      return;
    }
    const {epoch} = action;
    const {signal} = this.#over;
    try {
      if (action.kind === 'open' && !(await this.#connectEnds(action))) return;
      await this.#context.transport.send(to, this.#encode(action), {signal});
    } catch (cause) {
      this.#refuse(epoch, {code: refusalOf(cause, 'PEER_LEFT'), peerId: to, cause});
      return;
    }
    if (action.kind === 'feed') this.#run.take({kind: 'fed', epoch});
  }

  async #guide(tail: PeerId, action: GuideAction): Promise<void> {
    const {epoch, position} = action;
    const {signal} = this.#over;
    let allowed: TokenMask | undefined;
    try {
      allowed = await this.#request.guide?.allowed(this.#run.state.answer.tokenIds);
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    if (allowed === undefined || signal.aborted) return;
    this.#mask = {position, allowed};
    try {
      await this.#context.transport.send(tail, encodeMask(this.#sessionId, action, allowed), {
        signal,
      });
    } catch (cause) {
      this.#refuse(epoch, {code: refusalOf(cause, 'PEER_LEFT'), peerId: tail, cause});
    }
  }

  /** Ends the answer for a reason of this device's own: nobody else is at fault. */
  #fail(cause: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#events.end(cause instanceof Error ? cause : new Error('The guide failed', {cause}));
    this.#run.take({kind: 'stop'});
  }

  /** Links head and tail. @returns whether the chain is still the one to be opened then. */
  async #connectEnds({
    epoch,
    hops,
  }: Extract<SentAction, {readonly kind: 'open'}>): Promise<boolean> {
    const {transport} = this.#context;
    const ends = new Set([hops.at(0), hops.at(-1)].flatMap((hop) => hop?.peerId ?? []));
    ends.delete(transport.localPeerId);
    await Promise.all(
      Array.from(ends, async (peerId) => {
        try {
          await connectWithin(transport, peerId, {signal: this.#over.signal});
          this.#closed.remove(peerId);
        } catch (cause) {
          this.#refuse(epoch, {code: 'PEER_UNREACHABLE', peerId, cause});
        }
      }),
    );
    const {state} = this.#run;
    return state.kind === 'opening' && state.answer.epoch === epoch;
  }

  /** A round trip tells it: a link that is held may be as dead as its peer, and is followed by another. */
  async #reach(peerId: PeerId): Promise<void> {
    const {transport} = this.#context;
    const {signal} = this.#over;
    const measure = async () => transport.measureRtt(peerId, {signal});
    try {
      await measure().catch(measure);
    } catch {
      return; // It is as lost as before.
    }
    this.#closed.remove(peerId);
    this.#run.take({kind: 'reached', peerId});
  }

  #refuse(epoch: number, refusal: Refusal): void {
    if (!this.#over.signal.aborted) this.#run.take({kind: 'refused', epoch, refusal});
  }

  /** Nobody waits for it: a hop that is gone has nothing to free, and the hops behind it see its link close. */
  async #close(to: PeerId, action: SentAction): Promise<void> {
    const {transport} = this.#context;
    const signal = AbortSignal.timeout(CLOSE_MS);
    await transport.send(to, this.#encode(action), {signal}).catch(() => undefined);
  }

  #encode(action: SentAction): Uint8Array {
    const {transport, manifestHash} = this.#context;
    const {tokenIds: answered} = this.#run.state.answer;
    const client = {
      clientId: transport.localPeerId,
      manifestHash,
      request: this.#request,
      answered,
    };
    return encodeAction({...client, sessionId: this.#sessionId}, action);
  }

  #tell(news: RunNews<H>): void {
    switch (news.kind) {
      case 'chain':
        this.#push({kind: 'chain', hops: news.hops, predictedStepMs: news.stepMs});
        return;
      case 'ready':
        this.#push({kind: 'ready', sessionId: this.#sessionId, inputFrom: news.inputFrom});
        return;
      case 'served':
        this.#tellServed(news.hops);
        return;
      default:
        this.#push(news);
    }
  }

  #tellServed(served: readonly HopServed[]): void {
    const hops = this.#run.hops.flatMap((hop, at, all) => {
      const own = served.find(({hopIndex}) => hopIndex === at);
      if (own === undefined || own.decodeSteps === 0) return [];
      const {decodeSteps, serviceMs, waitMs, sessions} = own;
      const isOfTail = at === all.length - 1;
      return [{hop, decodeSteps, serviceMs, waitMs, sessions, isOfTail}];
    });
    if (hops.length > 0) this.#push({kind: 'served', hops});
  }

  #end(state: GenerationState): void {
    this.#over.abort();
    this.#events.end(state.kind === 'failed' ? failureOf(state.answer, state.reason) : undefined);
  }
}

/** Not blamed for more: a tail of an earlier minor has not learnt it. */
function disobeyed(peerId: PeerId, epoch: number): SeenEvent {
  return {kind: 'refused', epoch, refusal: {code: 'UNSUPPORTED', peerId}};
}

function afterMs(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => {
    clearTimeout(timer);
  };
}
