import {asPeerId, type PeerId, type SessionId} from '#shared/base/ids.ts';
import {
  routeAnswer,
  toChainHop,
  type ChainChoice,
  type ChainWish,
} from '#shared/client/route-answer.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {RouteResult} from '#shared/scheduling/routing/chain.ts';
import {ClientOverlay, type OverlayTrust} from '#shared/scheduling/routing/load/client-overlay.ts';
import type {RouteInput} from '#shared/scheduling/routing/select/select-chain.ts';
import {publishedAtMs, snapshotOf, type SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import type {HopReport} from '#shared/session/generation/state/hop-conduct.ts';
import type {Heard} from '#shared/session/serve-hop/hop-machine.ts';
import type {VirtualDirectory} from './virtual-directory.ts';
import {START_MS, type VirtualTime} from './virtual-time.ts';
import type {VirtualPeer, VirtualWire} from './virtual-wire.ts';

/** Phase 2 as a swarm under test does it. */
export type ChooseChain = (input: RouteInput) => RouteResult;

export type VirtualClientOptions = {
  readonly number: number;
  readonly time: VirtualTime;
  readonly wire: VirtualWire;
  readonly directory: VirtualDirectory;
  readonly grid: CutGrid;
  /** Which observer of the directory this client is. */
  readonly observer: number;
  readonly seed: number;
  readonly chooseChain: ChooseChain;
  /** Least time between two snapshots. */
  readonly viewEveryMs: number;
  readonly trust: OverlayTrust;
};

/** An answer that a client waits for. */
type AskedAnswer = VirtualPeer & {readonly sessionId: SessionId};

/**
 * One who asks: its own picture of the swarm, from records that reach it late
 * or never, and the product's own account of what it knows beside them.
 */
export class VirtualClient implements VirtualPeer {
  readonly peerId: PeerId;
  readonly #options: VirtualClientOptions;
  readonly #overlay: ClientOverlay;
  readonly #answers = new Map<SessionId, AskedAnswer>();
  #snapshot: SwarmSnapshot | null = null;
  #viewedMs = -Infinity;

  constructor(options: VirtualClientOptions) {
    this.#options = options;
    this.#overlay = new ClientOverlay(options.trust);
    this.peerId = asPeerId(`client-${String(options.number)}`);
    options.wire.join(this.peerId, this);
  }

  /** An answer that it asks for: hears what comes for it. */
  remember(answer: AskedAnswer): void {
    this.#answers.set(answer.sessionId, answer);
  }

  forget({sessionId}: AskedAnswer): void {
    this.#answers.delete(sessionId);
  }

  receive(from: PeerId, frame: Frame): void {
    this.#answers.get(frame.sessionId)?.receive(from, frame);
  }

  hear(heard: Heard, message: Message): void {
    this.#answers.get(heard.sessionId)?.hear(heard, message);
  }

  peerLeft(peerId: PeerId): void {
    for (const answer of this.#answers.values()) answer.peerLeft(peerId);
  }

  /** Reads the records that have come, as a tab does that is open and asks nothing. */
  look(): void {
    const {time, directory, observer} = this.#options;
    this.#overlay.see(directory.seenBy(observer, time.nowMs), START_MS + time.nowMs);
  }

  /** @param turn counts the requests of all clients, as a scheduler that goes round would. */
  choose({
    wish,
    turn,
    epoch,
  }: {
    readonly wish: ChainWish;
    readonly turn: number;
    readonly epoch: number;
  }): ChainChoice {
    const {grid: model, chooseChain, seed: swarmSeed} = this.#options;
    const listed = this.#view();
    const snapshot = this.#overlay.withUnlisted(listed, wish);
    const overlay = this.#overlay.over(snapshot, wish.avoid);
    const seed = swarmSeed * 1_000_003 + turn + epoch * 7919;
    return routeAnswer({wish, snapshot, listed, model, overlay, seed, chooseChain});
  }

  publishedAtMs(peerId: PeerId): number | null {
    return publishedAtMs(this.#view(), peerId);
  }

  report(report: HopReport): void {
    this.#overlay.report(report, START_MS + this.#options.time.nowMs);
  }

  timed(hops: readonly Hop[], stepMs: number): void {
    this.#overlay.timed(hops.map(toChainHop), stepMs, this.#view());
  }

  /** Counts the load of a chain until records show it. @returns how to take it back. */
  promise(hops: readonly Hop[]): () => void {
    const {time} = this.#options;
    const promised = this.#overlay.promise(hops.map(toChainHop), START_MS + time.nowMs);
    return () => {
      this.#overlay.release(promised, START_MS + time.nowMs);
    };
  }

  #view(): SwarmSnapshot {
    const {time, directory, observer, viewEveryMs} = this.#options;
    const {nowMs} = time;
    if (this.#snapshot !== null && nowMs - this.#viewedMs < viewEveryMs) return this.#snapshot;
    const records = directory.seenBy(observer, nowMs);
    this.#snapshot = snapshotOf(records, START_MS + nowMs, this.#snapshot);
    this.#viewedMs = nowMs;
    return this.#snapshot;
  }
}
