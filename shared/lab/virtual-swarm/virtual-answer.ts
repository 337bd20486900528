import {asSessionId, type ManifestHash, type PeerId, type SessionId} from '#shared/base/ids.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {OpenSession} from '#shared/protocol/control/open-session.ts';
import {REFUSALS, type RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '#shared/protocol/version.ts';
import type {ChainHop} from '#shared/scheduling/routing/chain.ts';
import type {Heard} from '#shared/session/serve-hop/hop-machine.ts';
import type {VirtualClient} from './virtual-client.ts';
import type {VirtualTime} from './virtual-time.ts';
import type {VirtualWire} from './virtual-wire.ts';

/** One request, as a script lists it. */
export type AskedRequest = {
  readonly atMs: number;
  /** Which client asks. */
  readonly client: number;
  readonly promptTokens: number;
  readonly newTokens: number;
};

/** What became of one request. Times are since the start of the run. */
export type AnswerReport = {
  readonly askedMs: number;
  firstTokenMs: number | null;
  endMs: number | null;
  tokens: number;
  /** Tokens after `countFromMs`, the first of them not counted, and the time that they took. */
  countedTokens: number;
  countedMs: number;
  outcome: 'running' | 'done' | 'failed';
  /** Openings that a hop refused. */
  refusals: number;
  /** How often a hop was lost during an answer that continued without it. */
  recoveries: number;
  replayedTokens: number;
  /** Refusals that no honest peer may ever give another. */
  bugs: number;
  hops: readonly ChainHop[];
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
/** How soon a client that found no chain looks again, and how long it goes on doing so. */
const LOOK_AGAIN_MS = 500;
const PATIENCE_MS = 30_000;
/** A chain that says nothing for this long is lost. */
const SILENCE_MS = 30_000;
const NO_BYTES = new Uint8Array(0);

/**
 * One answer from its client's side: choose a chain, open it, send the prompt, read
 * the tokens. A hop that is lost is replaced, the others keep their caches, and what
 * the new one missed is replayed to it.
 */
export class VirtualAnswer {
  readonly report: AnswerReport;
  readonly sessionId: SessionId;
  readonly #options: VirtualAnswerOptions;
  readonly #avoid = new Set<PeerId>();
  /** Hops of the last chain that was ready: they hold a cache. */
  #warm: readonly ChainHop[] = [];
  #hops: readonly ChainHop[] = [];
  #epoch = 0;
  /** No hop is believed to hold more. */
  #keptPosition = Infinity;
  #isReady = false;
  #attempts = 0;
  #heardMs = 0;
  #waitsSinceMs: number | null = null;
  #countsSinceMs = 0;
  #breakPromise: () => void = () => undefined;

  constructor(options: VirtualAnswerOptions) {
    const {asked, number} = options;
    this.#options = options;
    this.sessionId = asSessionId(String(number).padStart(16, '0'));
    this.report = {
      askedMs: asked.atMs,
      firstTokenMs: null,
      endMs: null,
      tokens: 0,
      countedTokens: -1,
      countedMs: 0,
      outcome: 'running',
      refusals: 0,
      recoveries: 0,
      replayedTokens: 0,
      bugs: 0,
      hops: [],
    };
  }

  start(): void {
    const {client, asked, time, number} = this.#options;
    if (this.report.outcome !== 'running') return;
    this.#attempts += 1;
    this.#breakPromise();
    const {promptTokens, newTokens} = asked;
    const result = client.choose({
      request: {promptTokens, newTokens, whenFull: 'refuse'},
      avoid: this.#avoid,
      held: this.report.tokens === 0 ? [] : this.#warm,
      turn: number,
      attempt: this.#attempts,
    });
    if (result.kind === 'gap') {
      this.#waitsSinceMs ??= time.nowMs;
      if (time.nowMs - this.#waitsSinceMs > PATIENCE_MS) this.#end('failed');
      else this.#lookAgain();
      return;
    }
    this.#closeAllBut(result.hops);
    this.#epoch += 1;
    this.#isReady = false;
    this.#hops = result.hops;
    this.report.hops = result.hops;
    this.#breakPromise = client.promise(result.hops);
    this.#open();
    this.#listen(this.#epoch);
  }

  /** A token of the tail, with the position where it belongs. */
  receive(from: PeerId, {epoch, kind, position}: Frame): void {
    if (epoch !== this.#epoch || kind !== 'sampled' || from !== this.#hops.at(-1)?.nodeId) return;
    const expected = this.#options.asked.promptTokens + this.report.tokens;
    if (this.report.outcome === 'running' && position === expected) this.#sampled();
  }

  hear({epoch}: Heard, message: Message): void {
    if (epoch !== this.#epoch || this.report.outcome !== 'running') return;
    this.#heardMs = this.#options.time.nowMs;
    if (message.kind === 'session-ready') this.#ready(message.inputFrom);
    else if (message.kind === 'kept-from') {
      this.#keptPosition = 0;
      this.start();
    } else if (message.kind === 'session-failed') {
      this.#failed(this.#hops[message.hopIndex]?.nodeId, message.code);
    }
  }

  peerLeft(peerId: PeerId): void {
    const ends = [this.#hops[0]?.nodeId, this.#hops.at(-1)?.nodeId];
    if (ends.includes(peerId)) this.#failed(peerId, 'PEER_LEFT');
  }

  get #clientId(): PeerId {
    return this.#options.client.peerId;
  }

  /** The position of the token that goes round next. */
  get #position(): number {
    const {tokens} = this.report;
    return tokens === 0 ? 0 : this.#options.asked.promptTokens + tokens - 1;
  }

  #lookAgain(): void {
    this.#options.time.after(LOOK_AGAIN_MS, () => {
      // A node that was full may have room again.
      this.#avoid.clear();
      this.start();
    });
  }

  #listen(epoch: number): void {
    const {time} = this.#options;
    this.#heardMs = time.nowMs;
    const look = (): void => {
      if (epoch !== this.#epoch || this.report.outcome !== 'running') return;
      if (time.nowMs - this.#heardMs >= SILENCE_MS) this.#failed(undefined, 'SESSION_EXPIRED');
      else time.at(this.#heardMs + SILENCE_MS, look);
    };
    time.after(SILENCE_MS, look);
  }

  /** Hops that are not in the next chain. */
  #closeAllBut(next: readonly ChainHop[]): void {
    const {wire} = this.#options;
    const address = {sessionId: this.sessionId, epoch: this.#epoch, hopIndex: 0};
    for (const {nodeId} of new Set([...this.#hops, ...this.#warm])) {
      if (next.some((hop) => hop.nodeId === nodeId)) continue;
      wire.tell(this.#clientId, nodeId, address, {kind: 'close-session', reason: 'cancelled'});
    }
  }

  #open(): void {
    const {wire} = this.#options;
    const [head] = this.#hops;
    if (head === undefined) return;
    const epoch = this.#epoch;
    const address = {sessionId: this.sessionId, epoch, hopIndex: 0};
    const opening = {from: this.#clientId, to: head.nodeId, address, message: this.#opening()};
    wire.connect(opening, (isReached) => {
      if (!isReached && epoch === this.#epoch) this.#failed(head.nodeId, 'PEER_UNREACHABLE');
    });
  }

  #opening(): OpenSession {
    const {manifestHash, asked} = this.#options;
    return {
      kind: 'open-session',
      protocolMajor: PROTOCOL_MAJOR,
      protocolMinor: PROTOCOL_MINOR,
      epoch: this.#epoch,
      keep: 'after-loss',
      manifestHash,
      clientId: this.#clientId,
      hopIndex: 0,
      hops: this.#hops.map((hop) => ({
        peerId: hop.nodeId,
        startLayer: hop.startLayer,
        endLayer: hop.endLayer,
        warmPosition: this.#warmPosition(hop),
      })),
      promptTokens: asked.promptTokens,
      maxNewTokens: asked.newTokens,
      sampling: {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 0},
    };
  }

  #warmPosition(hop: ChainHop): number {
    const isWarm = this.#warm.some((warm) => isSameHop(warm, hop));
    return isWarm ? Math.min(this.#position, this.#keptPosition) : 0;
  }

  #failed(nodeId: PeerId | undefined, code: RefusalCode): void {
    if (this.report.outcome !== 'running') return;
    if (REFUSALS[code].next === 'bug') this.report.bugs += 1;
    const blamed = nodeId === undefined ? this.#hops.map((hop) => hop.nodeId) : [nodeId];
    for (const id of blamed) this.#avoid.add(id);
    this.#warm = this.#warm.filter((hop) => !blamed.includes(hop.nodeId));
    if (!this.#isReady) this.report.refusals += 1;
    else if (this.report.tokens > 0) this.report.recoveries += 1;
    this.start();
  }

  /** Cold hops catch up: the hop before sends again what it has kept, the head what it receives. */
  #ready(inputFrom: readonly number[]): void {
    const {wire, asked} = this.#options;
    const [head] = this.#hops;
    if (this.#isReady || head === undefined) return;
    this.#isReady = true;
    this.#warm = this.#hops;
    this.#keptPosition = Infinity;
    this.#waitsSinceMs = null;
    const position = this.#position;
    const epoch = this.#epoch;
    const address = {sessionId: this.sessionId, epoch, hopIndex: 0};
    for (const [hopIndex, from] of inputFrom.entries()) {
      this.report.replayedTokens += position - from;
      const next = inputFrom[hopIndex + 1] ?? from;
      if (next >= from) continue;
      const message = {kind: 'replay-from', epoch, hopIndex, position: next} as const;
      wire.tell(this.#clientId, head.nodeId, address, message);
    }
    const end = position === 0 ? asked.promptTokens : position + 1;
    const cut = position === 0 ? end : position;
    for (const piece of [...piecesOf(inputFrom[0] ?? 0, cut), ...piecesOf(cut, end)]) {
      this.#send(head.nodeId, {...piece, sample: piece.position + piece.tokenCount === end});
    }
  }

  #send(head: PeerId, piece: Pick<Frame, 'position' | 'tokenCount' | 'sample'>): void {
    this.#options.wire.send(this.#clientId, head, {
      ...piece,
      kind: 'tokens',
      dtype: 'u32',
      verify: false,
      sessionId: this.sessionId,
      epoch: this.#epoch,
      hopIndex: 0,
      payload: NO_BYTES,
    });
  }

  #sampled(): void {
    const {asked, time, countFromMs} = this.#options;
    const {report} = this;
    this.#heardMs = time.nowMs;
    report.firstTokenMs ??= time.nowMs;
    report.tokens += 1;
    if (time.nowMs >= countFromMs) {
      report.countedTokens += 1;
      if (report.countedTokens === 0) this.#countsSinceMs = time.nowMs;
      report.countedMs = time.nowMs - this.#countsSinceMs;
    }
    if (report.tokens >= asked.newTokens) this.#end('done');
  }

  #end(outcome: 'done' | 'failed'): void {
    const {client, time, wire} = this.#options;
    this.report.outcome = outcome;
    this.report.endMs = time.nowMs;
    this.#breakPromise();
    client.forget(this);
    const [head] = this.#hops;
    if (head === undefined) return;
    const address = {sessionId: this.sessionId, epoch: this.#epoch, hopIndex: 0};
    const reason = outcome === 'done' ? 'done' : 'failed';
    wire.tell(this.#clientId, head.nodeId, address, {kind: 'close-session', reason});
  }
}

function isSameHop(a: ChainHop, b: ChainHop): boolean {
  return a.nodeId === b.nodeId && a.startLayer === b.startLayer && a.endLayer === b.endLayer;
}

function piecesOf(from: number, end: number): readonly Pick<Frame, 'position' | 'tokenCount'>[] {
  const pieces: Pick<Frame, 'position' | 'tokenCount'>[] = [];
  for (let position = from; position < end; position += PIECE_TOKENS) {
    pieces.push({position, tokenCount: Math.min(PIECE_TOKENS, end - position)});
  }
  return pieces;
}
