import {asSessionId, type ManifestHash, type PeerId, type SessionId} from '#shared/base/ids.ts';
import {GenerationRun, type SentAction} from '#shared/client/generation-run.ts';
import type {GenerationRequest} from '#shared/client/reader-event.ts';
import {eventOf, messageOf, tokensFrame} from '#shared/client/session-messages.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {SeenEvent} from '#shared/session/generation/state/generation-event.ts';
import {GENERATION_LIMITS} from '#shared/session/generation/state/generation-task.ts';
import type {Heard} from '#shared/session/serve-hop/hop-machine.ts';
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
};

export type VirtualAnswerOptions = {
  readonly time: VirtualTime;
  readonly wire: VirtualWire;
  readonly client: VirtualClient;
  readonly manifestHash: ManifestHash;
  readonly number: number;
  readonly asked: AskedRequest;
  readonly countFromMs: number;
};

const PIECE_TOKENS = 64;
const MODEL = {endTokenIds: [], vocabularySize: 1, contextTokens: Infinity};
/** About how often the snapshot of a client that waits changes. */
const SNAPSHOT_EVERY_MS = 500;
const SAMPLING = {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 0};
const TOKEN = {tokenId: 0, logprob: 0, top: []};

/** One answer in virtual time: does what the product's machine says, over a wire without bytes. */
export class VirtualAnswer implements VirtualPeer {
  readonly sessionId: SessionId;
  readonly #options: VirtualAnswerOptions;
  readonly #watch: AnswerWatch;
  readonly #run: GenerationRun;
  readonly #request: GenerationRequest;

  constructor(options: VirtualAnswerOptions) {
    const {asked, number, time, client, countFromMs} = options;
    const promptTokenIds = Array.from({length: asked.promptTokens}, () => TOKEN.tokenId);
    const request = {promptTokenIds, maxNewTokens: asked.newTokens, sampling: SAMPLING};
    const task = {...request, ...MODEL, pieceTokens: PIECE_TOKENS, limits: GENERATION_LIMITS};
    this.#options = options;
    this.#request = request;
    this.sessionId = asSessionId(String(number).padStart(16, '0'));
    this.#watch = new AnswerWatch({askedMs: asked.atMs, countFromMs});
    this.#run = new GenerationRun(task, time.clock, {
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
        if (news.kind === 'waiting')
          time.after(SNAPSHOT_EVERY_MS, () => this.#run.take({kind: 'snapshot'}));
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

  start(): void {
    this.#run.start();
  }

  receive(from: PeerId, {kind, epoch, position}: Frame): void {
    if (kind !== 'sampled' || from !== this.#run.hops.at(-1)?.peerId) return;
    this.#run.take({kind: 'tokens', epoch, position, tokens: [TOKEN]});
  }

  hear(heard: Heard, message: Message): void {
    const seen = eventOf(this.#run.hops, heard, message);
    if (seen !== null) this.#see(seen);
  }

  peerLeft(peerId: PeerId): void {
    this.#see({kind: 'link-lost', peerId});
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
    const message = messageOf({clientId: from, manifestHash, request: this.#request}, action);
    wire.connect({from, to, address, message}, (isReached) => {
      const refusal = {code: 'PEER_UNREACHABLE', peerId: to} as const;
      if (!isReached && action.kind !== 'close') this.#see({kind: 'refused', epoch, refusal});
    });
  }
}
