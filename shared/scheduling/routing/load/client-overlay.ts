import type {PeerId} from '#shared/base/ids.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {
  MOST_MS,
  snapshotOfNodes,
  type SnapshotNode,
  type SwarmSnapshot,
} from '../../swarm-snapshot.ts';
import type {AvoidedWhy, ChainHop, PromisedLoad, RouteOverlay, RouteTrust} from '../chain.ts';
import {withOwnPlace} from '../own-place.ts';
import {shownAdvantage} from '../trust/shown-advantage.ts';
import {claimsMuch} from '../trust/ordinary-node.ts';
import {TrustBook, type Conduct} from '../trust/trust-book.ts';
import {addPromise} from './promised-load.ts';

/** A chain that this client has chosen; `release` takes it back. */
export type PromisedChain = {
  readonly hops: readonly ChainHop[];
  readonly openedMs: number;
  /** `Infinity` while its answer runs. */
  readonly endedMs: number;
};

/** Sessions under way by their heads, as records tell at one moment. */
type View = {readonly atMs: number; readonly sessions: ReadonlyMap<PeerId, number>};
type Openings = {readonly atMs: number; readonly sessions: number};
type SeenRecord = Pick<NodeRecord, 'peerId' | 'shards' | 'openSessions'>;
/** Those that hold a cache, the chain of the last token, and who is not asked. */
type HopsOfAnswer = {
  readonly warm: readonly {readonly peerId: PeerId}[];
  readonly ran: readonly {readonly peerId: PeerId}[];
  readonly avoid: ReadonlyMap<PeerId, AvoidedWhy>;
};
type Observed = {readonly atMs: number; readonly msPerLayer: number};

/**
 * Whether nodes have to earn that their word counts, as for whoever comes to a swarm of strangers, or
 * whether it counts from the start: a planner's question.
 */
export type OverlayTrust = 'earned' | 'given';

/**
 * Of so many chains one takes strangers at their word: they are tried out, one chain at a time. Not the
 * first, which is the one that a new reader waits for.
 */
const TRIAL_EVERY = 2;

/** A client spreads so many chains over nodes that have not shown yet how good they are. */
const SHARED_CHAINS = 64;

/** Records tell of a session about this late; what others opened within it is not seen yet. */
const UNSEEN_MS = 2000;
/** Nodes measure their own steps and say so within seconds: after this long their word counts again. */
const OBSERVED_MS = 15_000;

/**
 * What one client knows beside the records: the chains that it has promised
 * load to and no record shows yet, those that have ended and records still
 * show, and the speed at which hops really ran. All times are Unix ms on the
 * clock of the records' `seq`, given by the caller.
 */
export class ClientOverlay {
  readonly #observed = new Map<PeerId, Observed>();
  #chains: readonly PromisedChain[] = [];
  #view: View | null = null;
  #openings: readonly Openings[] = [];
  readonly #trust: OverlayTrust;
  readonly #book = new TrustBook();
  #chosenChains = 0;
  /** The hops of the last of them. */
  #chosen: readonly (readonly PeerId[])[] = [];
  /** The chain on which strangers are tried out. */
  #trial: PromisedChain | null = null;
  /** Over which the last chain was chosen. */
  #snapshot: SwarmSnapshot | null = null;
  /** The nodes of those chains, as they were listed then. */
  #asked: ReadonlyMap<PeerId, SnapshotNode> = new Map();

  constructor(trust: OverlayTrust = 'earned') {
    this.#trust = trust;
  }

  /** Counts the load of a chain until a record shows it. */
  promise(hops: readonly ChainHop[], nowMs: number): PromisedChain {
    const chain = {hops, openedMs: nowMs, endedMs: Infinity};
    this.#chains = [...this.#chains, chain];
    if (this.#isTrial) this.#trial = chain;
    this.#chosenChains += 1;
    this.#chosen = [...this.#chosen, hops.map(({nodeId}) => nodeId)].slice(-SHARED_CHAINS);
    this.#remember(hops);
    return chain;
  }

  /**
   * With hops of an answer that are listed no more, and all layers that they had: a tab that leaves serves what runs there to its end, whoever
   * is in its chain then. Not with those that are avoided: they may be gone, and layers that only they have served
   * are nobody's.
   */
  withUnlisted(snapshot: SwarmSnapshot, {warm, ran, avoid}: HopsOfAnswer): SwarmSnapshot {
    const unlisted = new Map<PeerId, SnapshotNode>();
    for (const {peerId} of [...warm, ...ran]) {
      const node = snapshot.indexOf.has(peerId) ? undefined : this.#asked.get(peerId);
      if (node !== undefined && !avoid.has(peerId)) {
        unlisted.set(peerId, withOwnPlace(node));
      }
    }
    if (unlisted.size === 0) return snapshot;
    return snapshotOfNodes([...snapshot.nodes, ...unlisted.values()], snapshot.takenAtMs);
  }

  /** The answer has ended, however: its load counts no more, also while records still show it. */
  release(chain: PromisedChain, nowMs: number): void {
    if (this.#trial === chain) {
      this.#trial = null;
      this.#book.tried(
        chain.hops.map(({nodeId}) => nodeId),
        nowMs,
      );
    }
    this.#chains = this.#chains.map((other) =>
      other === chain ? {...chain, endedMs: nowMs} : other,
    );
  }

  /**
   * One decode step of one layer as it really was, waiting left out: replaces the node's own
   * word for a while. What is no such time, or longer than any (`MOST_MS`), is ignored.
   */
  observe(nodeId: PeerId, msPerLayer: number, nowMs: number): void {
    if (msPerLayer > 0 && msPerLayer <= MOST_MS) {
      this.#observed.set(nodeId, {atMs: nowMs, msPerLayer});
    }
  }

  /** What a hop of an answer did. */
  report(report: {readonly peerId: PeerId; readonly conduct: Conduct}, nowMs: number): void {
    this.#book.report(report, nowMs);
  }

  /**
   * How fast the tokens of an answer came over this chain: nodes whose answers are as fast as they
   * say are believed more.
   *
   * @param stepMs between two tokens, at the chain's best.
   */
  timed(hops: readonly ChainHop[], stepMs: number, snapshot: SwarmSnapshot): void {
    const shown = shownAdvantage(snapshot, hops, stepMs);
    if (shown === null) return;
    this.#book.confirm(
      hops.map(({nodeId}) => nodeId),
      shown,
      snapshot.takenAtMs,
    );
  }

  /**
   * What records say, to be passed in at every change: a client that looks only when it
   * asks does not know how many others ask. O(N).
   */
  see(records: Iterable<SeenRecord>, nowMs: number): void {
    const sessions = new Map<PeerId, number>();
    for (const {peerId, shards, openSessions} of records) {
      if (isHead(shards)) sessions.set(peerId, openSessions);
    }
    this.#count({atMs: nowMs, sessions});
  }

  /** All of it, for a route over `snapshot`. O(N + promised hops). */
  over(snapshot: SwarmSnapshot, avoided: ReadonlyMap<PeerId, AvoidedWhy>): RouteOverlay {
    const nowMs = snapshot.takenAtMs;
    this.#snapshot = snapshot;
    this.#chains = this.#chains.filter(
      ({hops, endedMs}) => !hops.every(({nodeId}) => hasPublished(snapshot, nodeId, endedMs)),
    );
    const promised = new Map<PeerId, PromisedLoad>();
    for (const chain of this.#chains) {
      for (const hop of chain.hops) {
        const sign = signOf(snapshot, hop.nodeId, chain);
        if (sign !== 0) addPromise(promised, snapshot, {hops: [hop], sign});
      }
    }
    for (const [nodeId, {atMs}] of this.#observed) {
      if (atMs < nowMs - OBSERVED_MS) this.#observed.delete(nodeId);
    }
    const observedMsPerLayer = new Map(
      [...this.#observed].map(([nodeId, {msPerLayer}]) => [nodeId, msPerLayer]),
    );
    const unseenSessions = this.#unseenSessions(snapshot);
    const trust = this.#trust === 'given' ? null : this.#routeTrust();
    const shunned = this.#book.shunned(nowMs);
    const restrained = trust === null ? new Set<PeerId>() : this.#restrained(snapshot);
    return {avoided, shunned, restrained, trust, promised, observedMsPerLayer, unseenSessions};
  }

  #remember(hops: readonly ChainHop[]): void {
    const asked = new Map<PeerId, SnapshotNode>();
    for (const nodeId of this.#chosen.flat()) {
      const before = this.#asked.get(nodeId);
      if (before !== undefined) asked.set(nodeId, before);
    }
    for (const {nodeId} of hops) {
      const node = this.#snapshot?.nodes[this.#snapshot.indexOf.get(nodeId) ?? -1];
      if (node !== undefined) asked.set(nodeId, node);
    }
    this.#asked = asked;
  }

  get #isTrial(): boolean {
    return this.#trial === null && this.#chosenChains % TRIAL_EVERY === 1;
  }

  /**
   * Nodes that are in doubt, but for the least doubted, and those that are not proven and have
   * had as many of the last chains as there are for each. Whatever makes a record attractive,
   * it draws no more than that.
   */
  #restrained(snapshot: SwarmSnapshot): ReadonlySet<PeerId> {
    const {nodes} = snapshot;
    const serving = nodes.filter(({shards}) => shards.length > 0).length;
    const chosen = this.#chosen.flat();
    const counts = new Map<PeerId, number>();
    for (const nodeId of chosen) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
    const share = Math.floor(chosen.length / Math.max(1, serving)) + 1;
    // Nodes in doubt are asked one by one: together they would share the blame again.
    const found = new Set<PeerId>(this.#book.doubted().slice(1));
    for (const [nodeId, count] of counts) {
      const isMuch = count >= share && claimsMuch(snapshot, nodeId);
      if (isMuch && !this.#book.isProven(nodeId)) found.add(nodeId);
    }
    return found;
  }

  #routeTrust(): RouteTrust {
    return {earned: this.#book.earned(), ofStrangers: this.#isTrial ? 1 : 0};
  }

  /**
   * As many sessions as others have opened within the window, as far as heads
   * tell: about as many have been opened since and are not in any record yet.
   */
  #unseenSessions({nodes, takenAtMs}: SwarmSnapshot): number {
    const heads = nodes.filter(({shards}) => isHead(shards));
    const sessions = new Map(heads.map(({nodeId, openSessions}) => [nodeId, openSessions]));
    this.#count({atMs: takenAtMs, sessions});
    const opened = this.#openings.reduce((sum, openings) => sum + openings.sessions, 0);
    const shownSinceMs = takenAtMs - 2 * UNSEEN_MS;
    const own = this.#chains.filter(({openedMs}) => openedMs >= shownSinceMs).length;
    return Math.max(0, opened - own);
  }

  /** Adds what heads opened since the view before; of a longer time, as much as falls into the window. */
  #count(view: View): void {
    const before = this.#view;
    this.#view = view;
    this.#openings = this.#openings.filter(({atMs}) => atMs > view.atMs - UNSEEN_MS);
    if (before === null) return;
    let sessions = 0;
    for (const [nodeId, now] of view.sessions) {
      sessions += Math.max(0, now - (before.sessions.get(nodeId) ?? now));
    }
    if (sessions === 0) return;
    const part = Math.min(1, UNSEEN_MS / Math.max(1, view.atMs - before.atMs));
    this.#openings = [...this.#openings, {atMs: view.atMs, sessions: part * sessions}];
  }
}

/** 1 while a running session is not in the node's record yet, -1 while an ended one still is. */
function signOf(snapshot: SwarmSnapshot, nodeId: PeerId, chain: PromisedChain): -1 | 0 | 1 {
  const isRunning = chain.endedMs === Infinity;
  const isShown =
    hasPublished(snapshot, nodeId, chain.openedMs) &&
    !hasPublished(snapshot, nodeId, chain.endedMs);
  if (isRunning === isShown) return 0;
  return isRunning ? 1 : -1;
}

/** Whether a node's record is younger than that moment; a node that is gone has nothing more to say. */
function hasPublished({nodes, indexOf}: SwarmSnapshot, nodeId: PeerId, atMs: number): boolean {
  if (atMs === Infinity) return false;
  const node = nodes[indexOf.get(nodeId) ?? -1];
  return node === undefined || (node.publishedAtMs ?? -Infinity) > atMs;
}

/** Each session under way has one head. */
function isHead(shards: readonly {readonly embedding: boolean}[]): boolean {
  return shards.some(({embedding}) => embedding);
}
