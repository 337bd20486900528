import type {ManifestHash, PeerId, SessionId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {decodeLayerMs} from '#shared/scheduling/cost-model.ts';
import type {DecodeMsPerLayer, PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import type {HopAction} from '#shared/session/serve-hop/hop-session/hop-action.ts';
import type {StepOutput} from '#shared/session/serve-hop/hop-session/hop-event.ts';
import {
  clientFrame,
  headFrame,
  passedClose,
  statesFrame,
} from '#shared/session/serve-hop/hop-frames.ts';
import {HOP_LIMITS} from '#shared/session/serve-hop/hop-session/hop-context.ts';
import {HopMachine, type Heard, type HopTurn} from '#shared/session/serve-hop/hop-machine.ts';
import type {VirtualTime} from '../virtual-time.ts';
import type {VirtualPeer, VirtualWire} from '../virtual-wire.ts';

/** Replaces a real engine: how long it takes, whatever its node says of itself. */
export type EngineCost = {
  readonly decodeMsPerLayer: DecodeMsPerLayer;
  readonly prefillMsPerTokenLayer: number;
  readonly hopOverheadMs: number;
};

export type VirtualHopOptions = {
  readonly time: VirtualTime;
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
const NO_BYTES = new Uint8Array(0);

/**
 * One hop of other people's answers in virtual time: does what the product's machine
 * says. The engine takes the time that its layers cost, and has room for some tokens.
 */
export class VirtualHop implements VirtualPeer {
  readonly #options: VirtualHopOptions;
  readonly #machine: HopMachine;
  readonly #reserved = new Map<SessionId, number>();
  #shard: PlacedShard | null = null;
  #isBusy = false;
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
      limits: {...HOP_LIMITS, maxSessions, kvTokens},
      checkPayload: () => null,
    });
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

  /** The node is gone: nothing runs any more, and neighbours notice after a while. */
  die(noticedAfterMs: number): void {
    this.#isDead = true;
    this.#options.wire.leave(this.#options.self, noticedAfterMs);
  }

  receive(from: PeerId, frame: Frame): void {
    this.#do(this.#machine.receive(from, frame, this.#nowMs));
    this.#run();
  }

  hear(heard: Heard, message: Message): void {
    this.#do(this.#machine.hear(heard, message, this.#nowMs));
  }

  peerLeft(peerId: PeerId): void {
    this.#do(this.#machine.peerLeft(peerId, this.#nowMs));
  }

  get #nowMs(): number {
    return this.#options.time.nowMs;
  }

  #do(actions: readonly HopAction[]): void {
    if (this.#isDead) return;
    for (const action of actions) this.#act(action);
    if (this.#machine.load.openSessions > 0) this.#sweepLater();
  }

  #act(action: HopAction): void {
    const {wire, self, onChange} = this.#options;
    switch (action.kind) {
      case 'reserve':
        this.#reserve(action);
        break;
      case 'link': {
        const {to, address, message} = action;
        wire.connect({from: self, to, address, message}, (isReached) => {
          this.#linked(action, isReached);
        });
        break;
      }
      case 'truncate':
        break;
      case 'send-states':
        wire.send(self, action.to, statesFrame(action));
        break;
      case 'send-token':
        if (action.head !== null) wire.send(self, action.head, headFrame(action, NO_BYTES));
        wire.send(self, action.place.open.clientId, clientFrame(action, NO_BYTES));
        break;
      case 'tell':
        wire.tell(self, action.to, action.address, action.message);
        break;
      case 'pass-close': {
        const {hopIndex} = action.place.open;
        const closing = passedClose(action, {hopIndex, decodeSteps: 0, serviceMs: 0, waitMs: 0});
        if (closing !== null) this.#act(closing);
        break;
      }
      default:
        this.#reserved.delete(action.place.sessionId);
        onChange();
    }
  }

  #reserve({place, kvTokens}: Extract<HopAction, {readonly kind: 'reserve'}>): void {
    const {sessionId, epoch} = place;
    const before = this.#reserved.get(sessionId) ?? 0;
    if (kvTokens > this.#kvTokensFree + before) {
      const {nowMs} = this.#options.time;
      this.#do(this.#machine.step(sessionId, {kind: 'broken', epoch, code: 'KV_FULL', nowMs}));
      return;
    }
    this.#reserved.set(sessionId, kvTokens);
    this.#options.onChange();
    this.#do(this.#machine.step(sessionId, {kind: 'reserved', epoch}));
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

  /** One step at a time, each as long as its layers take. */
  #run(): void {
    if (this.#isBusy || this.#isDead) return;
    const turn = this.#machine.take();
    if (turn === null) return;
    this.#isBusy = true;
    this.#options.time.after(this.#stepMs(turn), () => {
      if (this.#isDead) return;
      this.#isBusy = false;
      this.#do(this.#machine.ran(turn, outputOf(turn), this.#nowMs));
      this.#machine.release(turn);
      this.#run();
    });
  }

  #stepMs({place: {range}, frame: {tokenCount}}: HopTurn): number {
    const {decodeMsPerLayer, prefillMsPerTokenLayer, hopOverheadMs} = this.#options.cost;
    const layerMs =
      tokenCount === 1 ? decodeLayerMs(decodeMsPerLayer, 1) : tokenCount * prefillMsPerTokenLayer;
    return (range.endLayer - range.startLayer) * layerMs + hopOverheadMs;
  }
}

function outputOf({output}: HopTurn): StepOutput {
  if (output === 'logits') return {kind: 'token', isEnd: false};
  return output === 'hidden' ? {kind: 'hidden', dtype: 'f16', bytes: NO_BYTES} : {kind: 'none'};
}
