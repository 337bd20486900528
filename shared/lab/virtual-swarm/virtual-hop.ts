import {asSessionId, type ManifestHash, type PeerId, type SessionId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {kvTokensOf, type OpenSession} from '#shared/protocol/control/open-session.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {decodeLayerMs} from '#shared/scheduling/cost-model.ts';
import type {DecodeMsPerLayer, PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import {checkOpening} from '#shared/session/check-opening.ts';
import {stepHop, type HopState} from '#shared/session/hop-session.ts';
import {StepQueue} from '#shared/session/step-queue.ts';
import type {VirtualTime} from './virtual-time.ts';

/** What stands for a real engine: how long it takes, whatever its node says of itself. */
export type EngineCost = {
  readonly decodeMsPerLayer: DecodeMsPerLayer;
  readonly prefillMsPerTokenLayer: number;
  readonly hopOverheadMs: number;
};

export type VirtualHopOptions = {
  readonly time: VirtualTime;
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

export type HopFrame = {
  readonly epoch: number;
  readonly position: number;
  readonly tokenCount: number;
};

type Opening = {
  readonly sessionId: SessionId;
  readonly epoch: number;
  readonly from: PeerId;
  readonly open: OpenSession;
  /** This hop ended the session by itself. */
  readonly onEnded: (code: RefusalCode) => void;
};

type Served = {state: HopState; readonly opening: Opening; readonly layers: number};
type Step = {readonly frame: HopFrame; readonly onDone: () => void};

/**
 * One hop of other people's answers in virtual time: the product's own checks,
 * session machine and turns; the layers take the time that they cost.
 */
export class VirtualHop {
  readonly #options: VirtualHopOptions;
  readonly #sessions = new Map<SessionId, Served>();
  readonly #queue = new StepQueue<Step>();
  #serving: PlacedShard | null = null;
  #kvTokensReserved = 0;
  #isBusy = false;
  #isDead = false;

  constructor(options: VirtualHopOptions) {
    this.#options = options;
  }

  get serving(): PlacedShard | null {
    return this.#serving;
  }

  get load() {
    return {
      openSessions: this.#sessions.size,
      kvTokensFree: Math.max(0, this.#options.kvTokens - this.#kvTokensReserved),
    };
  }

  /** Starts or stops serving; sessions of the shard before end with `code`. */
  serve(shard: PlacedShard | null, code: RefusalCode = 'NOT_SERVING'): void {
    for (const {opening} of this.#sessions.values()) {
      this.close(opening.sessionId);
      opening.onEnded(code);
    }
    this.#serving = shard;
  }

  /** The node is gone: nothing runs any more, and neighbours notice after a while. */
  die(noticedAfterMs: number): void {
    this.#isDead = true;
    this.#options.time.after(noticedAfterMs, () => {
      this.serve(null, 'PEER_LEFT');
    });
  }

  /** Reserves, or says why not. */
  open(opening: Opening): RefusalCode | null {
    const {self, manifestHash, grid, contextTokens, maxSessions} = this.#options;
    const {open, from, sessionId, epoch} = opening;
    const serving = this.#serving;
    const context = {self, from, manifestHash, grid, contextTokens, serving};
    const refusal = checkOpening(open, context);
    if (refusal !== null) return refusal;
    if (this.#sessions.has(sessionId)) return 'SESSION_EXISTS';
    if (this.#sessions.size >= maxSessions) return 'SESSIONS_FULL';
    const kvTokensReserved = kvTokensOf(open);
    if (kvTokensReserved > this.load.kvTokensFree) return 'KV_FULL';
    const own = open.hops[open.hopIndex];
    const layers = own === undefined ? 0 : own.endLayer - own.startLayer;
    const state = {kind: 'open', epoch, kvTokensReserved, nextPosition: 0} as const;
    this.#sessions.set(sessionId, {state, opening, layers});
    this.#kvTokensReserved += kvTokensReserved;
    this.#options.onChange();
    return null;
  }

  /** A new chain goes on at `position`. */
  truncate(sessionId: SessionId, epoch: number, position: number): RefusalCode | null {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return 'UNKNOWN_SESSION';
    const {state, actions} = stepHop(session.state, {kind: 'truncate', epoch, position});
    session.state = state;
    return actions.find((action) => action.kind === 'refuse')?.code ?? null;
  }

  /** Runs a frame when its turn has come, then calls `onDone`; a wrong one ends the session. */
  receive(sessionId: SessionId, frame: HopFrame, onDone: () => void): void {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return;
    const {state, actions} = stepHop(session.state, {kind: 'frame', ...frame});
    session.state = state;
    for (const action of actions) {
      if (action.kind === 'run-layers') this.#queue.add(sessionId, {frame, onDone});
      else if (action.kind === 'refuse') {
        this.close(sessionId);
        session.opening.onEnded(action.code);
      }
    }
    this.#drain();
  }

  close(sessionId: SessionId): void {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return;
    session.state = stepHop(session.state, {kind: 'close'}).state;
    this.#kvTokensReserved -= kvTokensOf(session.opening.open);
    this.#sessions.delete(sessionId);
    this.#queue.drop(sessionId);
    this.#options.onChange();
  }

  #drain(): void {
    if (this.#isBusy || this.#isDead) return;
    const next = this.#queue.take();
    if (next === null) return;
    const {sessionId, step} = next;
    const session = this.#sessions.get(asSessionId(sessionId));
    this.#isBusy = true;
    this.#options.time.after(session === undefined ? 0 : this.#stepMs(session, step.frame), () => {
      if (this.#isDead) return;
      this.#isBusy = false;
      this.#queue.release(sessionId);
      if (session !== undefined && session.state.kind === 'open') step.onDone();
      this.#drain();
    });
  }

  #stepMs({layers}: Served, {tokenCount}: HopFrame): number {
    const {decodeMsPerLayer, prefillMsPerTokenLayer, hopOverheadMs} = this.#options.cost;
    const layerMs =
      tokenCount === 1 ? decodeLayerMs(decodeMsPerLayer, 1) : tokenCount * prefillMsPerTokenLayer;
    return layers * layerMs + hopOverheadMs;
  }
}
