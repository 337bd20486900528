import {asSessionId, type ManifestHash, type PeerId, type SessionId} from '#shared/base/ids.ts';
import {GenerationRun, type RunNews, type SentAction} from '#shared/client/generation-run.ts';
import type {GenerationRequest} from '#shared/client/reader-event.ts';
import {eventOf, messageOf, tokensFrame} from '#shared/client/session-messages.ts';
import type {Hop, Sampling} from '#shared/protocol/control/open-session.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {decodeSampledTokens} from '#shared/protocol/frame/sampled-token.ts';
import type {SeenEvent} from '#shared/session/generation/state/generation-event.ts';
import {GENERATION_LIMITS} from '#shared/session/generation/state/generation-task.ts';
import type {Heard} from '#shared/session/serve-hop/hop-machine.ts';
import {hashWords} from '#shared/session/keyed-uniform.ts';
import {VIRTUAL_VOCABULARY} from './node/virtual-engine.ts';
import {AnswerWatch, type AnswerReport} from './report/answer-report.ts';
import type {VirtualClient} from './virtual-client.ts';
import type {VirtualTime} from './virtual-time.ts';
import type {VirtualPeer, VirtualWire} from './virtual-wire.ts';

/** One request, as a script lists it. */
export type AskedRequest = {
  readonly atMs: number;
  /** Which client asks. */
  readonly client: number;
  readonly promptTokens: number;
  readonly newTokens: number;
  /** How its tokens are sampled; greedily where it does not say. */
  readonly sampling?: Pick<Sampling, 'temperature' | 'seed'>;
};

export type VirtualAnswerOptions = {
  readonly time: VirtualTime;
  readonly wire: VirtualWire;
  readonly client: VirtualClient;
  readonly manifestHash: ManifestHash;
  readonly number: number;
  readonly asked: AskedRequest;
  readonly countFromMs: number;
  /** Called when its chain is ready, with 0, and after each token, with how many there are. */
  readonly onTokens?: (tokens: number, hops: readonly Hop[]) => void;
};

const PIECE_TOKENS = 64;
const MODEL = {endTokenIds: [], vocabularySize: VIRTUAL_VOCABULARY, contextTokens: Infinity};
/** About how often the snapshot of a client that waits changes. */
const SNAPSHOT_EVERY_MS = 500;
const GREEDY = {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 0};

/** One answer in virtual time: does what the product's machine says, over a wire without bytes. */
export class VirtualAnswer implements VirtualPeer {
  readonly sessionId: SessionId;
  readonly #options: VirtualAnswerOptions;
  readonly #watch: AnswerWatch;
  readonly #run: GenerationRun;
  readonly #request: GenerationRequest;

  constructor(options: VirtualAnswerOptions) {
    const {asked, number, time, client, countFromMs} = options;
    const promptTokenIds = Array.from(
      {length: asked.promptTokens},
      (_, at) => hashWords([number, at], 0) % VIRTUAL_VOCABULARY,
    );
    const sampling = {...GREEDY, ...asked.sampling};
    const request = {promptTokenIds, maxNewTokens: asked.newTokens, sampling};
    const task = {...request, ...MODEL, pieceTokens: PIECE_TOKENS, limits: GENERATION_LIMITS};
    this.#options = options;
    this.#request = request;
    this.sessionId = asSessionId(String(number).padStart(16, '0'));
    this.#watch = new AnswerWatch({askedMs: asked.atMs, countFromMs});
    this.#run = new GenerationRun({task, closed: []}, time.clock, {
      publishedAtMs: (peerId) => client.publishedAtMs(peerId),
      reach: (peerId) => {
        options.wire.reach(client.peerId, peerId, () => {
          this.#see({kind: 'reached', peerId});
        });
      },
      choose: ({avoid, warm, ran, epoch}) =>
        client.choose({wish: {request, avoid, warm, ran}, turn: number, epoch}),
      promise: (hops) => client.promise(hops),
      send: (to, action) => {
        this.#send(to, action);
      },
      report: (report) => {
        client.report(report);
      },
      timed: (hops, stepMs) => {
        client.timed(hops, stepMs);
      },
      tell: (news) => {
        this.#watch.hear(news, time.nowMs);
        this.#tellTokens(news);
        if (news.kind === 'waiting')
          time.after(SNAPSHOT_EVERY_MS, () => {
            this.#run.seeSnapshot();
          });
      },
      end: ({kind}) => {
        this.#watch.end(kind === 'complete' ? 'done' : 'failed', time.nowMs);
        client.forget(this);
      },
    });
  }

  get report(): AnswerReport {
    return this.#watch.report;
  }

  /** What it asked, and what it has got. */
  get tokens() {
    const {promptTokenIds, sampling} = this.#request;
    return {promptTokenIds, sampling, tokenIds: this.#run.state.answer.tokenIds};
  }

  start(): void {
    this.#run.start();
  }

  receive(from: PeerId, frame: Frame): void {
    const {kind, epoch, position} = frame;
    if (kind !== 'sampled' || from !== this.#run.hops.at(-1)?.peerId) return;
    this.#run.take({kind: 'tokens', epoch, position, tokens: decodeSampledTokens(frame)});
  }

  hear(heard: Heard, message: Message): void {
    const seen = eventOf(this.#run.hops, heard, message);
    if (seen !== null) this.#see(seen);
  }

  peerLeft(peerId: PeerId): void {
    this.#see({kind: 'link-lost', peerId});
  }

  #tellTokens({kind}: RunNews<Hop>): void {
    if (kind !== 'ready' && kind !== 'token') return;
    const {hops, state} = this.#run;
    this.#options.onTokens?.(state.answer.tokenIds.length, hops);
  }

  #see(seen: SeenEvent): void {
    this.#watch.see(this.#run.state, seen);
    this.#run.take(seen);
  }

  #send(to: PeerId, action: SentAction): void {
    const {wire, client, manifestHash} = this.#options;
    const {epoch} = action;
    const from = client.peerId;
    if (action.kind === 'feed') {
      wire.send(from, to, tokensFrame(this.sessionId, action));
      this.#run.take({kind: 'fed', epoch});
      return;
    }
    const address = {sessionId: this.sessionId, epoch, hopIndex: 0};
    const {tokenIds: answered} = this.#run.state.answer;
    const asking = {clientId: from, manifestHash, request: this.#request, answered};
    const message = messageOf(asking, action);
    wire.connect({from, to, address, message}, (isReached) => {
      const refusal = {code: 'PEER_UNREACHABLE', peerId: to} as const;
      if (!isReached && action.kind !== 'close') this.#see({kind: 'refused', epoch, refusal});
    });
  }
}
