import {pushable} from 'it-pushable';
import {assert, unreachable} from '#shared/base/assert.ts';
import type {ManifestHash, PeerId, SessionId} from '#shared/base/ids.ts';
import {refusalOf} from '#shared/protocol/control/refusal-of.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {HopServed} from '#shared/protocol/control/hop-served.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import type {
  GenerationAction,
  ReaderNews,
} from '#shared/session/generation/state/generation-action.ts';
import {
  pieceTokensOf,
  type GenerationLimits,
} from '#shared/session/generation/state/generation-task.ts';
import type {Refusal} from '#shared/session/generation/state/refusal.ts';
import type {Transport} from '#shared/transport/transport.ts';
import {failureOf} from './failure-of.ts';
import {GenerationRun} from './generation-run.ts';
import {readSession} from './read-session.ts';
import type {GenerationRequest, ReaderEvent} from './reader-event.ts';
import {encodeAction, type SentAction} from './write-session.ts';

export type ChainChoice<H extends Hop = Hop> =
  | {readonly kind: 'chain'; readonly hops: readonly H[]; readonly stepMs: number}
  | {readonly kind: 'gap'; readonly missing: readonly MissingLayers[]};

/** What is asked of phase 2, and what this answer has already. */
export type ChainWish = {
  readonly request: GenerationRequest;
  /** Peers that have just refused or were lost. */
  readonly avoid: ReadonlySet<PeerId>;
  /** Hops that hold a cache of this answer; empty for a new one. */
  readonly warm: readonly Hop[];
};

/** What all answers of a client have in common. */
export type AnswerContext<H extends Hop> = {
  readonly transport: Transport;
  readonly manifestHash: ManifestHash;
  readonly hiddenSize: number;
  readonly endTokenIds: readonly number[];
  readonly limits: GenerationLimits;
  /** Phase 2 over the newest snapshot. */
  readonly chooseChain: (wish: ChainWish) => ChainChoice<H>;
  /** A chain is about to be used: counts its load until the function that it returns is called. */
  readonly promise?: (hops: readonly H[]) => () => void;
  /** Monotonic. */
  readonly nowMs: () => number;
};

/** One answer over the transport: does what the machine of an answer says, and tells it what comes of it. */
export class RunningAnswer<H extends Hop = Hop> {
  readonly #context: AnswerContext<H>;
  readonly #sessionId: SessionId;
  readonly #request: GenerationRequest;
  readonly #run: GenerationRun;
  readonly #events = pushable<ReaderEvent<H>>({objectMode: true});
  /** The reader has had all there is, and waits for more. */
  #isAwaited = false;
  readonly #arrived: {readonly from: PeerId; readonly frame: Frame}[] = [];
  /** Aborted when the answer is over: what it still sends is not sent any more. */
  readonly #over = new AbortController();
  #chain: readonly H[] = [];
  #breakPromise: () => void = () => undefined;

  constructor(
    context: AnswerContext<H>,
    {sessionId, request}: {readonly sessionId: SessionId; readonly request: GenerationRequest},
  ) {
    const {endTokenIds, limits, hiddenSize, nowMs} = context;
    const {promptTokenIds, maxNewTokens} = request;
    this.#context = context;
    this.#sessionId = sessionId;
    this.#request = request;
    this.#run = new GenerationRun({
      task: {
        promptTokenIds,
        maxNewTokens,
        endTokenIds,
        pieceTokens: pieceTokensOf(hiddenSize),
        limits,
      },
      clock: {nowMs, after: afterMs},
      act: (action) => {
        this.#act(action);
      },
      onOver: () => {
        this.#end();
      },
    });
  }

  /**
   * Takes one frame of this session, as soon as its reader has read what came before: an
   * answer never runs ahead of its reader. What its sender has no say in is ignored.
   */
  receive(from: PeerId, frame: Frame): void {
    this.#arrived.push({from, frame});
    this.#takeArrived();
  }

  loseLink(peerId: PeerId): void {
    this.#run.take({kind: 'link-lost', peerId});
  }

  seeSnapshot(): void {
    this.#run.take({kind: 'snapshot'});
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

  #takeArrived(): void {
    while (this.#isAwaited) {
      const next = this.#arrived.shift();
      if (next === undefined) return;
      const {state} = this.#run;
      const seen = 'hops' in state ? readSession(state.hops, next.from, next.frame) : null;
      if (seen !== null) this.#run.take(seen);
    }
  }

  #push(event: ReaderEvent<H>): void {
    this.#isAwaited = false;
    this.#events.push(event);
  }

  #act(action: GenerationAction): void {
    switch (action.kind) {
      case 'choose-chain':
        this.#choose(action);
        return;
      case 'open':
        this.#promise();
        void this.#open(action);
        return;
      case 'replay':
      case 'feed':
        void this.#sendToHead(action);
        return;
      case 'close':
        this.#close(action);
        return;
      case 'tell':
        this.#tell(action.news);
        return;
      default:
        unreachable(action);
    }
  }

  #choose({avoid, warm}: Extract<GenerationAction, {readonly kind: 'choose-chain'}>): void {
    this.#breakPromise();
    const choice = this.#context.chooseChain({request: this.#request, avoid, warm});
    if (choice.kind === 'chain') {
      this.#chain = choice.hops;
      this.#push({kind: 'chain', hops: choice.hops, predictedStepMs: choice.stepMs});
    }
    this.#run.take(choice);
  }

  #promise(): void {
    this.#breakPromise();
    this.#breakPromise = this.#context.promise?.(this.#chain) ?? (() => undefined);
  }

  async #open(action: Extract<SentAction, {readonly kind: 'open'}>): Promise<void> {
    const {epoch, hops} = action;
    const ends = new Set([hops.at(0), hops.at(-1)].flatMap((hop) => hop?.peerId ?? []));
    const signal = this.#over.signal;
    await Promise.all(
      Array.from(ends, async (peerId) => {
        if (peerId === this.#context.transport.localPeerId) return;
        try {
          await this.#context.transport.connect(peerId, {signal});
        } catch (cause) {
          this.#refuse(epoch, {code: 'PEER_UNREACHABLE', peerId, cause});
        }
      }),
    );
    // Whoever could not be reached has brought another chain, or the end.
    const {state} = this.#run;
    if (state.kind === 'opening' && state.answer.epoch === epoch) await this.#sendToHead(action);
  }

  async #sendToHead(action: SentAction): Promise<void> {
    const head = this.#chain[0]?.peerId;
    assert(head !== undefined, 'a chain has a head');
    const {epoch} = action;
    try {
      await this.#send(head, action, this.#over.signal);
    } catch (cause) {
      this.#refuse(epoch, {code: refusalOf(cause, 'PEER_LEFT'), peerId: head, cause});
      return;
    }
    if (action.kind === 'feed') this.#run.take({kind: 'fed', epoch});
  }

  #refuse(epoch: number, refusal: Refusal): void {
    if (!this.#over.signal.aborted) this.#run.take({kind: 'refused', epoch, refusal});
  }

  /** Nobody waits for it: a hop that is gone has nothing to free, and the hops behind it see its link close. */
  #close(action: Extract<SentAction, {readonly kind: 'close'}>): void {
    const signal = AbortSignal.timeout(this.#context.limits.silenceMs);
    for (const peerId of action.at) this.#send(peerId, action, signal).catch(() => undefined);
  }

  async #send(to: PeerId, action: SentAction, signal: AbortSignal): Promise<void> {
    const {transport, manifestHash} = this.#context;
    const session = {
      sessionId: this.#sessionId,
      clientId: transport.localPeerId,
      manifestHash,
      request: this.#request,
    };
    await transport.send(to, encodeAction(session, action), {signal});
  }

  #tell(news: ReaderNews): void {
    if (news.kind === 'ready') this.#push({kind: 'ready', sessionId: this.#sessionId});
    else if (news.kind === 'served') this.#tellServed(news.hops);
    else this.#push(news);
  }

  #tellServed(served: readonly HopServed[]): void {
    const hops = this.#chain.flatMap((hop, at) => {
      const own = served.find(({hopIndex}) => hopIndex === at);
      if (own === undefined || own.decodeSteps === 0) return [];
      const {decodeSteps, serviceMs, waitMs} = own;
      return [{hop, decodeSteps, serviceMs, waitMs}];
    });
    if (hops.length > 0) this.#push({kind: 'served', hops});
  }

  #end(): void {
    const {state} = this.#run;
    this.#breakPromise();
    this.#over.abort();
    this.#events.end(state.kind === 'failed' ? failureOf(state.answer, state.reason) : undefined);
  }
}

function afterMs(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => {
    clearTimeout(timer);
  };
}
