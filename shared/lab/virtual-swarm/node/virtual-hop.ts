import {assert} from '#shared/base/assert.ts';
import type {ManifestHash, PeerId, SessionId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {batchMs, MOST_BATCHED} from '#shared/scheduling/cost-model.ts';
import type {BatchMs, PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import {encodeSampledTokens, type SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import {encodeTokenIds} from '#shared/protocol/frame/token-ids.ts';
import type {HopAction} from '#shared/session/serve-hop/hop-session/hop-action.ts';
import {
  clientFrame,
  headFrame,
  passedClose,
  statesFrame,
} from '#shared/session/serve-hop/hop-frames.ts';
import {HOP_LIMITS} from '#shared/session/serve-hop/hop-session/hop-context.ts';
import {HopMachine, type Heard, type HopTurn} from '#shared/session/serve-hop/hop-machine.ts';
import type {VirtualPeer, VirtualWire} from '../virtual-wire.ts';
import type {NodeTime} from './node-time.ts';
import {VIRTUAL_VOCABULARY, VirtualEngine} from './virtual-engine.ts';

/** How long an engine takes, whatever its node says of itself. */
export type EngineCost = {
  readonly decodeMsPerLayer: BatchMs;
  readonly prefillMsPerTokenLayer: number;
  readonly hopOverheadMs: number;
};

export type VirtualHopOptions = {
  readonly time: NodeTime;
  readonly wire: VirtualWire;
  readonly self: PeerId;
  readonly manifestHash: ManifestHash;
  readonly grid: CutGrid;
  readonly contextTokens: number;
  readonly cost: EngineCost;
  readonly maxSessions: number;
  readonly kvTokens: number;
  /** Sessions or queue changed: the record may say so. */
  readonly onChange: () => void;
};

/** Of a small model: what is kept for a replay is bounded as in a tab. */
const HIDDEN_SIZE = 576;
const SWEEP_EVERY_MS = 5_000;

/**
 * One hop of other people's answers in virtual time: does what the product's machine
 * says. The engine takes the time that its layers cost, and has room for some tokens.
 */
export class VirtualHop implements VirtualPeer {
  readonly #options: VirtualHopOptions;
  readonly #machine: HopMachine;
  readonly #reserved = new Map<SessionId, number>();
  #shard: PlacedShard | null = null;
  #engine = new VirtualEngine();
  /** What the engine runs, as one. */
  #turns: readonly HopTurn[] = [];
  #isDead = false;
  #isSweeping = false;

  constructor(options: VirtualHopOptions) {
    const {self, manifestHash, grid, contextTokens, maxSessions, kvTokens, wire} = options;
    this.#options = options;
    this.#machine = new HopMachine({
      self,
      manifestHash,
      grid,
      contextTokens,
      hiddenSize: HIDDEN_SIZE,
      vocabularySize: VIRTUAL_VOCABULARY,
      limits: {...HOP_LIMITS, maxSessions, kvTokens},
      checkPayload: () => null,
    });
    this.#machine.pace({fixedMs: 0, perTokenMs: options.cost.prefillMsPerTokenLayer});
    wire.join(self, this);
  }

  get serving(): PlacedShard | null {
    return this.#shard;
  }

  get load() {
    const {openSessions} = this.#machine.load;
    return {openSessions, kvTokensFree: this.#kvTokensFree};
  }

  get #kvTokensFree(): number {
    let free = this.#options.kvTokens;
    for (const kvTokens of this.#reserved.values()) free -= kvTokens;
    return free;
  }

  /** Starts or stops serving; sessions of the shard before end with `code`. */
  serve(shard: PlacedShard | null, code?: RefusalCode): void {
    this.#shard = shard;
    this.#do(this.#machine.serve(shard, code));
  }

  /** Opens nothing more; sessions that are open go on to their end. */
  drain(): void {
    this.#machine.drain();
  }

  /** Opens sessions again. */
  reopen(): void {
    this.#machine.reopen();
  }

  /** The engine is gone, and with it all that it held; the tab lives on. */
  crash(): void {
    this.#engine = new VirtualEngine();
    for (const turn of this.#turns) this.#machine.release(turn);
    this.#turns = [];
    this.serve(null, 'ENGINE_LOST');
  }

  /** The node is gone: nothing runs any more, and neighbours notice after a while. */
  die(noticedAfterMs: number): void {
    this.#isDead = true;
    this.#options.wire.leave(this.#options.self, noticedAfterMs);
  }

  receive(from: PeerId, frame: Frame): void {
    this.#options.time.whenAwake(() => {
      this.#do(this.#machine.receive(from, frame, this.#nowMs));
      this.#run();
    });
  }

  hear(heard: Heard, message: Message): void {
    this.#options.time.whenAwake(() => {
      this.#do(this.#machine.hear(heard, message, this.#nowMs));
    });
  }

  peerLeft(peerId: PeerId): void {
    this.#options.time.whenAwake(() => {
      this.#do(this.#machine.peerLeft(peerId, this.#nowMs));
    });
  }

  get #nowMs(): number {
    return this.#options.time.nowMs;
  }

  /** @param sampled what the tail sampled in the turn that brought these about. */
  #do(actions: readonly HopAction[], sampled: SampledToken | null = null): void {
    if (this.#isDead) return;
    for (const action of actions) this.#act(action, sampled);
    if (this.#machine.load.openSessions > 0) this.#sweepLater();
  }

  #act(action: HopAction, sampled: SampledToken | null): void {
    const {wire, self, time, onChange} = this.#options;
    switch (action.kind) {
      case 'reserve':
        this.#reserve(action);
        break;
      case 'link': {
        const {to, address, message} = action;
        wire.connect({from: self, to, address, message}, (isReached) => {
          time.whenAwake(() => {
            this.#linked(action, isReached);
          });
        });
        break;
      }
      case 'truncate':
        this.#engine.truncate(action.place.sessionId, action.position);
        break;
      case 'send-states':
        wire.send(self, action.to, statesFrame(action));
        break;
      case 'send-token':
        this.#sendToken(action, sampled);
        break;
      case 'tell':
        wire.tell(self, action.to, action.address, action.message);
        break;
      case 'pass-close': {
        const {hopIndex} = action.place.open;
        const closing = passedClose(action, {hopIndex, decodeSteps: 0, serviceMs: 0, waitMs: 0});
        if (closing !== null) this.#act(closing, null);
        break;
      }
      default:
        this.#engine.free(action.place.sessionId);
        this.#reserved.delete(action.place.sessionId);
        onChange();
    }
  }

  #sendToken(
    action: Extract<HopAction, {readonly kind: 'send-token'}>,
    token: SampledToken | null,
  ): void {
    assert(token !== null, 'a token that is sent was sampled');
    const {wire, self} = this.#options;
    const {head, place} = action;
    if (head !== null) wire.send(self, head, headFrame(action, encodeTokenIds([token.tokenId])));
    wire.send(self, place.open.clientId, clientFrame(action, encodeSampledTokens([token])));
  }

  #reserve({place, kvTokens, position}: Extract<HopAction, {readonly kind: 'reserve'}>): void {
    const {sessionId, epoch} = place;
    const before = this.#reserved.get(sessionId) ?? 0;
    if (kvTokens > this.#kvTokensFree + before) {
      const {nowMs} = this.#options.time;
      this.#do(this.#machine.step(sessionId, {kind: 'broken', epoch, code: 'KV_FULL', nowMs}));
      return;
    }
    this.#reserved.set(sessionId, kvTokens);
    this.#engine.truncate(sessionId, position);
    this.#options.onChange();
    this.#do(this.#machine.step(sessionId, {kind: 'reserved', epoch, position}));
  }

  #linked({place}: Extract<HopAction, {readonly kind: 'link'}>, isReached: boolean): void {
    const {sessionId, epoch} = place;
    const {nowMs} = this.#options.time;
    const code = 'PEER_UNREACHABLE';
    this.#do(
      this.#machine.step(
        sessionId,
        isReached ? {kind: 'linked', epoch} : {kind: 'broken', epoch, code, nowMs},
      ),
    );
  }

  #sweepLater(): void {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    this.#options.time.after(SWEEP_EVERY_MS, () => {
      this.#isSweeping = false;
      if (!this.#isDead) this.#do(this.#machine.sweep(this.#nowMs));
    });
  }

  /** One run at a time, each as long as its layers take. */
  #run(): void {
    if (this.#turns.length > 0 || this.#isDead) return;
    const turns = this.#machine.take(this.#mostSessions);
    if (turns.length === 0) return;
    this.#turns = turns;
    // What is truncated while it runs, a real engine truncates after it.
    const ran = turns.map((turn) => ({turn, ...this.#engine.run(turn)}));
    this.#options.time.after(this.#runMs(turns), () => {
      if (this.#isDead || this.#turns !== turns) return;
      this.#turns = [];
      for (const {turn, output, token} of ran) {
        this.#do(this.#machine.ran(turn, output, this.#nowMs), token);
        this.#machine.release(turn);
      }
      this.#run();
    });
  }

  /** An engine that gains nothing by it runs its sessions one after the other, as in a tab. */
  get #mostSessions(): number {
    return this.#options.cost.decodeMsPerLayer.fixedMs > 0 ? MOST_BATCHED : 1;
  }

  #runMs(turns: readonly HopTurn[]): number {
    const {decodeMsPerLayer, prefillMsPerTokenLayer, hopOverheadMs} = this.#options.cost;
    const [turn] = turns;
    if (turn === undefined) return 0;
    const {place, frame} = turn;
    const layerMs =
      frame.tokenCount === 1
        ? batchMs(decodeMsPerLayer, turns.length)
        : frame.tokenCount * prefillMsPerTokenLayer;
    const {startLayer, endLayer} = place.range;
    return (endLayer - startLayer) * layerMs + turns.length * hopOverheadMs;
  }
}
