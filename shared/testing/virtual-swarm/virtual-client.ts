import type {PeerId} from '#shared/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {
  EMPTY_OVERLAY,
  type ChainHop,
  type PromisedLoad,
  type RouteOverlay,
  type RouteRequest,
  type RouteResult,
} from '#shared/scheduling/phase-2-routing/chain.ts';
import {hopServiceMs} from '#shared/scheduling/cost-model.ts';
import {rerouteChain} from '#shared/scheduling/phase-2-routing/reroute-chain.ts';
import type {RouteInput} from '#shared/scheduling/phase-2-routing/select-chain.ts';
import {snapshotOf, type SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import type {VirtualDirectory} from './virtual-directory.ts';
import {START_MS, type VirtualTime} from './virtual-time.ts';

/** Phase 2 as a swarm under test does it. */
export type ChooseChain = (input: RouteInput) => RouteResult;

export type VirtualClientOptions = {
  readonly time: VirtualTime;
  readonly directory: VirtualDirectory;
  readonly grid: CutGrid;
  /** Which observer of the directory this client is. */
  readonly observer: number;
  readonly seed: number;
  readonly chooseChain: ChooseChain;
  /** Least time between two snapshots. */
  readonly viewEveryMs: number;
  /** Whether anybody else asks. */
  readonly isAlone: boolean;
};

/** What is asked of phase 2, and what this answer has already. */
export type ChainWish = {
  readonly request: RouteRequest;
  readonly avoid: ReadonlySet<PeerId>;
  /** Hops that hold a cache of this answer; empty for a new one. */
  readonly held: readonly ChainHop[];
  /** Counts the requests of all clients, as a scheduler that goes round would. */
  readonly turn: number;
  readonly attempt: number;
};

type View = {readonly atMs: number; readonly sessions: ReadonlyMap<PeerId, number>};
type PromisedChain = {
  readonly hops: readonly ChainHop[];
  readonly openedMs: number;
  endedMs: number;
};

/** How far back a client compares to guess what others have opened unseen. */
const GROWTH_WINDOW_MS = 2000;

/**
 * One who asks: its own picture of the swarm, from records that reach it late
 * or never, and what it has itself promised and no record shows yet.
 */
export class VirtualClient {
  readonly #options: VirtualClientOptions;
  readonly #promises = new Set<PromisedChain>();
  #snapshot: SwarmSnapshot | null = null;
  #seqOf = new Map<PeerId, number>();
  #viewedMs = -Infinity;
  #views: View[] = [];

  constructor(options: VirtualClientOptions) {
    this.#options = options;
  }

  choose({request, avoid, held, turn, attempt}: ChainWish): RouteResult {
    const {grid, chooseChain, seed: swarmSeed} = this.#options;
    const snapshot = this.#view();
    const overlay = this.#overlay(snapshot, avoid);
    const seed = swarmSeed * 1_000_003 + turn + (attempt - 1) * 7919;
    const input = {snapshot, model: grid, request, overlay, seed};
    if (held.length === 0) return chooseChain(input);
    return rerouteChain({...input, hops: held, lost: avoid});
  }

  /** Counts the load of a chain as this client's own word until records show it. */
  promise(hops: readonly ChainHop[]): () => void {
    const {time} = this.#options;
    const promise: PromisedChain = {hops, openedMs: time.nowMs, endedMs: Infinity};
    this.#promises.add(promise);
    return () => {
      promise.endedMs = time.nowMs;
    };
  }

  #view(): SwarmSnapshot {
    const {time, directory, observer, viewEveryMs} = this.#options;
    const {nowMs} = time;
    if (this.#snapshot !== null && nowMs - this.#viewedMs < viewEveryMs) return this.#snapshot;
    const records = directory.seenBy(observer, nowMs);
    this.#snapshot = snapshotOf(records, START_MS + nowMs, this.#snapshot);
    this.#seqOf = new Map(records.map(({peerId, seq}) => [peerId, seq - START_MS]));
    this.#viewedMs = nowMs;
    this.#views = [
      ...this.#views.filter(({atMs}) => atMs >= nowMs - GROWTH_WINDOW_MS),
      {atMs: nowMs, sessions: sessionsAtHeads(this.#snapshot)},
    ];
    return this.#snapshot;
  }

  #overlay(snapshot: SwarmSnapshot, distrusted: ReadonlySet<PeerId>): RouteOverlay {
    const promised = new Map<PeerId, PromisedLoad>();
    for (const promise of this.#promises) {
      const isOver = promise.hops.every(({nodeId}) => this.#shows(nodeId, promise.endedMs));
      if (isOver) this.#promises.delete(promise);
      for (const hop of promise.hops) {
        const sign = this.#signOf(hop.nodeId, promise);
        if (sign !== 0) addHop(promised, snapshot, hop, sign);
      }
    }
    const unseenSessions = this.#options.isAlone ? 0 : newSessions(this.#views);
    return {...EMPTY_OVERLAY, distrusted, promised, unseenSessions};
  }

  /** 1 while an open session is not shown yet, -1 while an ended one is shown still. */
  #signOf(nodeId: PeerId, {openedMs, endedMs}: PromisedChain): -1 | 0 | 1 {
    const isOpen = endedMs === Infinity;
    const isShown = this.#shows(nodeId, openedMs) && !this.#shows(nodeId, endedMs);
    if (isOpen === isShown) return 0;
    return isOpen ? 1 : -1;
  }

  /** Whether the record of a node was written after that moment. */
  #shows(nodeId: PeerId, changedMs: number): boolean {
    if (changedMs === Infinity) return false;
    return (this.#seqOf.get(nodeId) ?? Infinity) >= changedMs;
  }
}

/** Sessions under way, by head: each is open at one. */
function sessionsAtHeads({nodes}: SwarmSnapshot): ReadonlyMap<PeerId, number> {
  return new Map(
    nodes.flatMap(({nodeId, shards, openSessions}) =>
      shards.some(({embedding}) => embedding) ? [[nodeId, openSessions] as const] : [],
    ),
  );
}

/**
 * How many sessions were opened within the window, as far as heads tell: about
 * as many as have been opened since and are not told yet.
 */
function newSessions(views: readonly View[]): number {
  const first = views[0]?.sessions;
  let opened = 0;
  for (const [nodeId, sessions] of views.at(-1)?.sessions ?? []) {
    opened += Math.max(0, sessions - (first?.get(nodeId) ?? 0));
  }
  return opened;
}

function addHop(
  promised: Map<PeerId, PromisedLoad>,
  snapshot: SwarmSnapshot,
  {nodeId, startLayer, endLayer}: ChainHop,
  sign: 1 | -1,
): void {
  const node = snapshot.nodes[snapshot.indexOf.get(nodeId) ?? -1];
  if (node === undefined) return;
  const known = promised.get(nodeId) ?? {sessions: 0, workMsPerToken: 0};
  promised.set(nodeId, {
    sessions: known.sessions + sign,
    workMsPerToken: known.workMsPerToken + sign * hopServiceMs(node, endLayer - startLayer),
  });
}
