import {
  asPeerId,
  asSessionId,
  type ManifestHash,
  type PeerId,
  type SessionId,
} from '#shared/base/ids.ts';
import type {OpenSession} from '#shared/protocol/control/open-session.ts';
import {REFUSALS, type RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '#shared/protocol/version.ts';
import {linkMs} from '#shared/scheduling/cost-model.ts';
import type {ChainHop} from '#shared/scheduling/routing/chain.ts';
import type {VirtualClient} from './virtual-client.ts';
import type {HopFrame, VirtualHop} from './virtual-hop.ts';
import type {VirtualTime} from './virtual-time.ts';

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
  /** Times that a hop was lost in mid-answer and the answer went on without it. */
  recoveries: number;
  replayedTokens: number;
  /** Refusals that no honest peer may ever give another. */
  bugs: number;
  hops: readonly ChainHop[];
};

/** Who is there, and how far from each other. */
export type AnswerNetwork = {
  hopOf(nodeId: PeerId): VirtualHop | null;
  rttMs(a: PeerId, b: PeerId): number;
};

export type VirtualAnswerOptions = {
  readonly time: VirtualTime;
  readonly network: AnswerNetwork;
  readonly client: VirtualClient;
  readonly manifestHash: ManifestHash;
  readonly number: number;
  readonly asked: AskedRequest;
  readonly countFromMs: number;
};

/** From the client to any node and back: the client is no node, so it has no place. */
const CLIENT_LINK_MS = 15;
const PIECE_TOKENS = 64;
/** How soon a client that found no chain looks again, and how long it goes on doing so. */
const LOOK_AGAIN_MS = 500;
const PATIENCE_MS = 30_000;

/**
 * One answer from its client's side: choose a chain, open it hop by hop, send
 * the prompt, let tokens go round. A hop that is lost is replaced, the others
 * keep their caches, and what the new one missed is replayed to it.
 */
export class VirtualAnswer {
  readonly report: AnswerReport;
  readonly #options: VirtualAnswerOptions;
  readonly #sessionId: SessionId;
  readonly #clientId: PeerId;
  readonly #avoid = new Set<PeerId>();
  readonly #held = new Map<PeerId, ChainHop>();
  /** Hops of the chain that have seen no token of this answer yet. */
  readonly #cold = new Set<PeerId>();
  #hops: readonly ChainHop[] = [];
  #epoch = 0;
  #attempts = 0;
  #waitsSinceMs: number | null = null;
  #countsSinceMs = 0;
  #breakPromise: () => void = () => undefined;

  constructor(options: VirtualAnswerOptions) {
    const {asked, number} = options;
    this.#options = options;
    this.#sessionId = asSessionId(String(number).padStart(16, '0'));
    this.#clientId = asPeerId(`client-${String(asked.client)}`);
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
    this.#epoch += 1;
    this.#attempts += 1;
    this.#breakPromise();
    this.#freeCold();
    const {promptTokens, newTokens} = asked;
    const result = client.choose({
      request: {promptTokens, newTokens, whenFull: 'refuse'},
      avoid: this.#avoid,
      held: this.report.tokens === 0 ? [] : this.#hops.filter(({nodeId}) => this.#held.has(nodeId)),
      turn: number,
      attempt: this.#attempts,
    });
    if (result.kind === 'gap') {
      this.#waitsSinceMs ??= time.nowMs;
      if (time.nowMs - this.#waitsSinceMs > PATIENCE_MS) this.#end('failed');
      else this.#lookAgain();
      return;
    }
    this.#hops = result.hops;
    this.report.hops = result.hops;
    this.#breakPromise = client.promise(result.hops);
    this.#freeAllBut(result.hops);
    this.#enter(0, this.#epoch);
  }

  #lookAgain(): void {
    this.#options.time.after(LOOK_AGAIN_MS, () => {
      // Who was full may have room again.
      this.#avoid.clear();
      this.start();
    });
  }

  /** The position of the token that goes round next. */
  get #position(): number {
    const {tokens} = this.report;
    return tokens === 0 ? 0 : this.#options.asked.promptTokens + tokens - 1;
  }

  /** A cache that is not complete is no help to the next chain. */
  #freeCold(): void {
    for (const nodeId of this.#cold) {
      this.#options.network.hopOf(nodeId)?.close(this.#sessionId);
      this.#held.delete(nodeId);
    }
    this.#cold.clear();
  }

  #freeAllBut(hops: readonly ChainHop[]): void {
    for (const [nodeId, held] of this.#held) {
      if (hops.some((hop) => isSameHop(hop, held))) continue;
      this.#options.network.hopOf(nodeId)?.close(this.#sessionId);
      this.#held.delete(nodeId);
    }
  }

  /** The opening travels down the chain; a hop that holds a cache goes on with it. */
  #enter(k: number, epoch: number): void {
    const hop = this.#hops[k];
    if (hop === undefined) {
      this.#later(CLIENT_LINK_MS, epoch, () => {
        this.#waitsSinceMs = null;
        this.#replay(0, epoch);
      });
      return;
    }
    this.#later(this.#wayMs(k - 1, k), epoch, () => {
      const code = this.#enterHop(hop, k, epoch);
      if (code === null) this.#enter(k + 1, epoch);
      else this.#refused(hop.nodeId, code, epoch);
    });
  }

  #enterHop(hop: ChainHop, k: number, epoch: number): RefusalCode | null {
    const served = this.#options.network.hopOf(hop.nodeId);
    if (served === null) return 'PEER_UNREACHABLE';
    if (this.#held.has(hop.nodeId)) {
      return served.truncate(this.#sessionId, epoch, this.#position);
    }
    const code = served.open({
      sessionId: this.#sessionId,
      epoch,
      from: this.#hops[k - 1]?.nodeId ?? this.#clientId,
      open: this.#opening(k),
      onEnded: (ended) => {
        this.#lost(hop.nodeId, ended);
      },
    });
    if (code !== null) return code;
    this.#held.set(hop.nodeId, hop);
    this.#cold.add(hop.nodeId);
    return null;
  }

  #opening(hopIndex: number): OpenSession {
    const {manifestHash, asked} = this.#options;
    return {
      kind: 'open-session',
      protocolMajor: PROTOCOL_MAJOR,
      protocolMinor: PROTOCOL_MINOR,
      epoch: this.#epoch,
      keep: 'after-loss',
      manifestHash,
      clientId: this.#clientId,
      hopIndex,
      hops: this.#hops.map(({nodeId, startLayer, endLayer}) => ({
        peerId: nodeId,
        startLayer,
        endLayer,
        warmPosition: 0,
      })),
      promptTokens: asked.promptTokens,
      maxNewTokens: asked.newTokens,
      sampling: {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 0},
    };
  }

  #refused(nodeId: PeerId, code: RefusalCode, epoch: number): void {
    this.report.refusals += 1;
    if (REFUSALS[code].next === 'bug') this.report.bugs += 1;
    this.#avoid.add(nodeId);
    this.#later(CLIENT_LINK_MS, epoch, () => {
      this.start();
    });
  }

  #lost(nodeId: PeerId, code: RefusalCode): void {
    this.#held.delete(nodeId);
    if (this.report.outcome !== 'running') return;
    if (REFUSALS[code].next === 'bug') this.report.bugs += 1;
    this.#avoid.add(nodeId);
    if (this.report.tokens > 0) this.report.recoveries += 1;
    this.start();
  }

  /** Cold hops catch up, one after the other: the hop before sends again what it has kept. */
  #replay(from: number, epoch: number): void {
    const position = this.#position;
    const k = this.#hops.findIndex(({nodeId}, at) => at >= from && this.#cold.has(nodeId));
    if (position === 0 || k === -1) {
      this.#goOn(epoch);
      return;
    }
    this.report.replayedTokens += position;
    const pieces = piecesOf(position);
    for (const [at, piece] of pieces.entries()) {
      this.#later(this.#wayMs(k - 1, k), epoch, () => {
        this.#receive(k, {epoch, ...piece}, () => {
          if (at === pieces.length - 1) this.#replay(k + 1, epoch);
        });
      });
    }
  }

  #goOn(epoch: number): void {
    const position = this.#position;
    const pieces =
      position === 0 ? piecesOf(this.#options.asked.promptTokens) : [{position, tokenCount: 1}];
    for (const piece of pieces) this.#send(0, {epoch, ...piece}, CLIENT_LINK_MS);
  }

  #send(k: number, frame: HopFrame, wayMs: number): void {
    this.#later(wayMs, frame.epoch, () => {
      this.#receive(k, frame, () => {
        if (k < this.#hops.length - 1) this.#send(k + 1, frame, this.#wayMs(k, k + 1));
        else this.#sampled(frame);
      });
    });
  }

  #receive(k: number, frame: HopFrame, onDone: () => void): void {
    const hop = this.#hops[k];
    if (hop === undefined) return;
    this.#options.network.hopOf(hop.nodeId)?.receive(this.#sessionId, frame, () => {
      if (this.#epoch === frame.epoch) onDone();
    });
  }

  /** At the tail: the token goes to the head, and to the client for its reader. */
  #sampled({epoch, position, tokenCount}: HopFrame): void {
    const {asked, time, countFromMs} = this.#options;
    const {report} = this;
    if (position + tokenCount < asked.promptTokens) return;
    report.firstTokenMs ??= time.nowMs;
    report.tokens += 1;
    this.#cold.clear();
    if (time.nowMs >= countFromMs) {
      report.countedTokens += 1;
      if (report.countedTokens === 0) this.#countsSinceMs = time.nowMs;
      report.countedMs = time.nowMs - this.#countsSinceMs;
    }
    if (report.tokens >= asked.newTokens) {
      this.#end('done');
      return;
    }
    this.#send(
      0,
      {epoch, position: this.#position, tokenCount: 1},
      this.#wayMs(this.#hops.length - 1, 0),
    );
  }

  #end(outcome: 'done' | 'failed'): void {
    this.report.outcome = outcome;
    this.report.endMs = this.#options.time.nowMs;
    this.#breakPromise();
    this.#freeAllBut([]);
  }

  #wayMs(from: number, to: number): number {
    const a = this.#hops[from];
    const b = this.#hops[to];
    if (a === undefined || b === undefined) return CLIENT_LINK_MS;
    return a === b ? 0 : linkMs(this.#options.network.rttMs(a.nodeId, b.nodeId));
  }

  /** Unless another chain has taken over by then. */
  #later(delayMs: number, epoch: number, run: () => void): void {
    this.#options.time.after(delayMs, () => {
      if (epoch === this.#epoch && this.report.outcome === 'running') run();
    });
  }
}

function isSameHop(a: ChainHop, b: ChainHop): boolean {
  return a.nodeId === b.nodeId && a.startLayer === b.startLayer && a.endLayer === b.endLayer;
}

function piecesOf(tokenCount: number): readonly Omit<HopFrame, 'epoch'>[] {
  const pieces: Omit<HopFrame, 'epoch'>[] = [];
  for (let position = 0; position < tokenCount; position += PIECE_TOKENS) {
    pieces.push({position, tokenCount: Math.min(PIECE_TOKENS, tokenCount - position)});
  }
  return pieces;
}
