import type {PeerId} from '#shared/base/ids.ts';
import {pause} from '#shared/base/pause.ts';
import {awakeTimeout} from '#shared/transport/server-link/awake-timeout.ts';
import type {Transport} from '#shared/transport/transport.ts';
import type {NetworkCoordinates} from '#shared/scheduling/network-distances.ts';
import {hashText} from '#shared/scheduling/seeded-choice.ts';
import type {LinkBook, LinkFacts} from './link-book.ts';

export type LinkProbeOptions = {
  readonly transport: Transport;
  readonly book: LinkBook;
  /** Nodes with a live record, and where they say that they are. */
  readonly nodes: () => readonly {
    readonly nodeId: PeerId;
    readonly coords: NetworkCoordinates | null;
  }[];
  /** Peers with an open direct connection, whoever opened it. */
  readonly connectedPeers: () => ReadonlySet<PeerId>;
  /** Calls back with each peer to which one opens. */
  readonly onConnected: (listener: (peerId: PeerId) => void) => () => void;
  /** Ends those to a peer. */
  readonly disconnect: (peerId: PeerId) => void;
  /** Whether a TURN server passes on what goes to this peer now. */
  readonly isViaTurn: (peerId: PeerId) => Promise<boolean>;
  /** Whether answers run through this tab: no link is opened for measuring then. */
  readonly isServing: () => boolean;
  /** Whether there is a signal server to reach others through; links that are open need none. */
  readonly isServerThere: () => boolean;
  /** Calls back when that may have changed. */
  readonly onServersChanged: (listener: () => void) => () => void;
  /** Calls back when this tab is back: it was stopped or away, or its network was, or is another one. */
  readonly onReturn: (listener: () => void) => () => void;
  /** The last link fell silent: the network of this tab may be gone, or another one. */
  readonly onAllSilent: () => void;
  readonly nowMs: () => number;
  readonly onFacts: (facts: LinkFacts) => void;
};

/** Links that are opened only to measure: these at once, more while nothing else is to do. */
const FIRST_NEIGHBOURS = 1;
const NEIGHBOURS = 4;
const FIRST_DIALS_MS = 5_000;
const LATER_DIAL_EVERY_MS = 30_000;
/** One that could not be reached, or was lost, is not dialled again earlier. */
const REDIAL_EVERY_MS = 30_000;
/** A record has no place for more. */
const MAX_MEASURED = 16;
const ROUND_MS = 1_000;
/** In a round so many are measured of those that have few samples, else one. */
const PEERS_PER_ROUND = 4;
const SAMPLES_WANTED = 4;
const SETTLED_ROUND_MS = 5_000;
/** A peer that fell silent, or was only frozen, may be back at any time. */
const RETURN_AFTER_MS = 5_000;
/** The first dial of a tab that is back may still go over a connection that ended in its sleep. */
const BACK_AGAIN_MS = 1_000;
const PROBE_TIMEOUT_MS = 2_000;
/** Of this side's own life: a link that was open before a sleep, and over which nothing comes back, is none. */
const SIGN_OF_LIFE_MS = 3_000;
/** What a tab had read of others may have expired while it slept; the next list comes soon. */
const NEXT_LIST_MS = 5_000;
const LOOK_AT_LIST_EVERY_MS = 250;
const DIAL_TIMEOUT_MS = 8_000;

/**
 * Measures round trips to at most 16 neighbours over the links that frames
 * take, and works out this node's place in the network. Relayed paths are no
 * links, so they are never measured.
 *
 * Links are there because of answers; beside them a node opens at most 4 of
 * its own, so that it has about 8 with others that did the same.
 *
 * A peer whose link fell silent is published as unreachable at once, so that no
 * chain waits for it, and dialled again and again until it is reached. A tab that
 * was stopped itself looks at once after its links: its neighbours dial it less and less often.
 */
export function startLinkProbes(options: LinkProbeOptions): () => void {
  const probes = new LinkProbes(options);
  probes.start();
  return () => {
    probes.stop();
  };
}

class LinkProbes {
  readonly #options: LinkProbeOptions;
  readonly #startedMs: number;
  readonly #stopping = new AbortController();
  /** Fell silent, and not reached since. */
  readonly #silent = new Set<PeerId>();
  /** Dialled again and again, until what is here is aborted. */
  readonly #sought = new Map<PeerId, AbortController>();
  /** Those connected at the last two rounds: the latest may have come after a sleep that ended links. */
  #connectedLately: readonly [ReadonlySet<PeerId>, ReadonlySet<PeerId>] = [new Set(), new Set()];
  /** Those measured longest ago come first. */
  readonly #order = new Set<PeerId>();
  readonly #ownNeighbours = new Set<PeerId>();
  readonly #dialledAtMs = new Map<PeerId, number>();
  #lastDialMs = -Infinity;
  /** Aborted when a server is back: whoever waits to dial again dials at once. */
  #waiting = new AbortController();
  #wasServerThere = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LinkProbeOptions) {
    this.#options = options;
    this.#startedMs = options.nowMs();
  }

  start(): void {
    const stopListening = this.#options.transport.onPeerClosed((peerId, loss) => {
      if (loss !== 'silent') return;
      const others = [...this.#options.connectedPeers()].filter((other) => other !== peerId);
      if (others.length === 0) this.#options.onAllSilent();
      void this.#awaitReturn(peerId);
    });
    const stopFollowing = this.#options.onServersChanged(() => {
      this.#lookAtServer();
    });
    const stopMeeting = this.#options.onConnected((peerId) => {
      void this.#meet(peerId);
    });
    const stopReturning = this.#options.onReturn(() => {
      this.#comeBack();
    });
    for (const stop of [stopListening, stopFollowing, stopMeeting, stopReturning]) {
      this.#stopping.signal.addEventListener('abort', stop);
    }
    this.#timer = setTimeout(() => void this.#round(), ROUND_MS);
  }

  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
  }

  async #round(): Promise<void> {
    const {book, nodes, transport, connectedPeers} = this.#options;
    const others = new Map(
      nodes()
        .filter(({nodeId}) => nodeId !== transport.localPeerId)
        .map(({nodeId, coords}) => [nodeId, coords]),
    );
    book.keepOnly(new Set(others.keys()));
    for (const peerId of this.#dialledAtMs.keys()) {
      if (!others.has(peerId)) this.#dialledAtMs.delete(peerId);
    }
    this.#lookAtServer();
    await this.#dialOne(new Set(others.keys()));
    const connected = connectedPeers();
    this.#connectedLately = [new Set(connected), this.#connectedLately[0]];
    const linked = [...connected].filter((peerId) => others.has(peerId));
    const toMeasure = this.#choose(linked);
    await Promise.all(toMeasure.map((peerId) => this.#measure(peerId, others.get(peerId) ?? null)));
    if (this.#stopping.signal.aborted) return;
    this.#publish();
    const isSettled = linked.every((peerId) => book.sampleCount(peerId) >= SAMPLES_WANTED);
    const waitMs = isSettled && !this.#isYoung() ? SETTLED_ROUND_MS : ROUND_MS;
    this.#timer = setTimeout(() => void this.#round(), waitMs);
  }

  /** Forgets failed dials when a server is back: while nobody relayed signaling, every dial failed. */
  #lookAtServer(): void {
    const isThere = this.#options.isServerThere();
    const isBack = isThere && !this.#wasServerThere;
    this.#wasServerThere = isThere;
    if (!isBack) return;
    this.#options.book.forgetFailures();
    for (const peerId of this.#silent) this.#options.book.addSilence(peerId);
    this.#dialAtOnce();
  }

  #dialAtOnce(): void {
    this.#waiting.abort();
    this.#waiting = new AbortController();
  }

  #isYoung(): boolean {
    return this.#options.nowMs() - this.#startedMs < FIRST_DIALS_MS;
  }

  /** Those with few samples first, then whose turn it is; never more than 16 in all. */
  #choose(linked: readonly PeerId[]): readonly PeerId[] {
    const {book} = this.#options;
    for (const peerId of this.#order) if (!linked.includes(peerId)) this.#order.delete(peerId);
    for (const peerId of linked) if (this.#order.size < MAX_MEASURED) this.#order.add(peerId);
    const turn = [...this.#order];
    const fresh = turn.filter((peerId) => book.sampleCount(peerId) < SAMPLES_WANTED);
    const chosen = fresh.length > 0 ? fresh.slice(0, PEERS_PER_ROUND) : turn.slice(0, 1);
    for (const peerId of chosen) {
      this.#order.delete(peerId);
      this.#order.add(peerId);
    }
    return chosen;
  }

  async #measure(peerId: PeerId, remote: NetworkCoordinates | null): Promise<void> {
    const {book, transport, isViaTurn} = this.#options;
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
    try {
      const rttMs = await transport.measureRtt(peerId, {signal});
      const seed = hashText(`${transport.localPeerId}:${peerId}`);
      book.addRoundTrip(peerId, rttMs, {remote, seed});
      book.setPath(peerId, {isViaTurn: await isViaTurn(peerId)});
    } catch {
      // No answer in time, or the link was lost: then there is nothing to learn of its length.
      await this.#doubt(peerId);
    }
  }

  /** No answer runs over the link that would miss its peer; those that hold other layers may have to take its place. */
  async #doubt(peerId: PeerId): Promise<void> {
    const {connectedPeers} = this.#options;
    if (this.#silent.has(peerId) || !connectedPeers().has(peerId)) return;
    if ((await this.#isAlive(peerId)) || !connectedPeers().has(peerId)) return;
    if (!this.#stopping.signal.aborted) void this.#awaitReturn(peerId);
  }

  /** At most one dial at a time; whom, nobody can prefer. */
  async #dialOne(others: ReadonlySet<PeerId>): Promise<void> {
    const {transport, connectedPeers, nowMs} = this.#options;
    const connected = connectedPeers();
    for (const peerId of this.#ownNeighbours) {
      if (!connected.has(peerId) || !others.has(peerId)) this.#ownNeighbours.delete(peerId);
    }
    if (!this.#mayDial(connected.size)) return;
    const rank = (peerId: PeerId) =>
      this.#options.book.failureCount(peerId) * 2 ** 32 +
      hashText(`${transport.localPeerId}>${peerId}`);
    const againMs = nowMs() - REDIAL_EVERY_MS;
    const [target] = [...others]
      .filter((peerId) => !connected.has(peerId))
      .filter((peerId) => (this.#dialledAtMs.get(peerId) ?? -Infinity) <= againMs)
      .toSorted((a, b) => rank(a) - rank(b));
    if (target === undefined) return;
    this.#lastDialMs = nowMs();
    this.#dialledAtMs.set(target, nowMs());
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
    try {
      await transport.connect(target, {signal});
      this.#ownNeighbours.add(target);
    } catch {
      // The transport has counted it: see `measured-transport.ts`.
    }
  }

  /** Also while answers run: they could use it again. */
  async #awaitReturn(peerId: PeerId): Promise<void> {
    this.#options.book.addSilence(peerId);
    this.#silent.add(peerId);
    this.#publish();
    await this.#seek(peerId, {firstMs: RETURN_AFTER_MS, secondMs: 2 * RETURN_AFTER_MS});
  }

  /** Dials a peer until it is reached, or listed no more. */
  async #seek(
    peerId: PeerId,
    {firstMs, secondMs}: {readonly firstMs: number; readonly secondMs: number},
  ): Promise<void> {
    if (this.#sought.has(peerId)) return;
    const found = new AbortController();
    this.#sought.set(peerId, found);
    const {transport, isServerThere} = this.#options;
    const over = AbortSignal.any([this.#stopping.signal, found.signal]);
    let [waitMs, nextMs] = [firstMs, secondMs];
    while (this.#isListed(peerId)) {
      await pause(waitMs, AbortSignal.any([over, this.#waiting.signal]));
      if (over.aborted) return;
      [waitMs, nextMs] = [nextMs, Math.min(2 * nextMs, REDIAL_EVERY_MS)];
      if (!isServerThere()) continue;
      const signal = AbortSignal.any([over, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
      try {
        await transport.connect(peerId, {signal});
        await this.#meet(peerId);
      } catch {
        // The transport has counted it: see `measured-transport.ts`.
      }
      if (over.aborted) return;
    }
    this.#sought.delete(peerId);
    this.#silent.delete(peerId);
    this.#publish();
  }

  /**
   * A connection is there, whoever opened it. Only what comes back over it shows that data passes; then nobody
   * should take its peer for unreachable any longer.
   */
  async #meet(peerId: PeerId): Promise<void> {
    const {book, connectedPeers} = this.#options;
    const isMissed = this.#sought.has(peerId) || book.isUnreachable(peerId);
    if (!isMissed) return;
    // The link may be lost under the first ping, with a connection from before, while this one is good.
    const isBack =
      (await this.#isAlive(peerId)) ||
      (connectedPeers().has(peerId) && (await this.#isAlive(peerId)));
    if (!isBack) return;
    this.#sought.get(peerId)?.abort();
    this.#sought.delete(peerId);
    this.#silent.delete(peerId);
    this.#publish();
  }

  /** Those who stayed may have given this tab up, and it may have lost links that look open. */
  #comeBack(): void {
    const [latest, before] = this.#connectedLately;
    const peers = new Set([...this.#options.connectedPeers(), ...latest, ...before]);
    for (const peerId of [...peers].slice(0, MAX_MEASURED)) void this.#linkAgain(peerId);
    this.#dialAtOnce();
  }

  async #linkAgain(peerId: PeerId): Promise<void> {
    const {connectedPeers, disconnect} = this.#options;
    if (connectedPeers().has(peerId) && !(await this.#isAlive(peerId))) disconnect(peerId);
    const {signal} = this.#stopping;
    for (let waitedMs = 0; waitedMs < NEXT_LIST_MS; waitedMs += LOOK_AT_LIST_EVERY_MS) {
      if (signal.aborted || connectedPeers().has(peerId)) return;
      if (this.#isListed(peerId)) break;
      await pause(LOOK_AT_LIST_EVERY_MS, signal);
    }
    await this.#seek(peerId, {firstMs: 0, secondMs: BACK_AGAIN_MS});
  }

  async #isAlive(peerId: PeerId): Promise<boolean> {
    const timeout = awakeTimeout(SIGN_OF_LIFE_MS, new Error('It gave no sign of life'));
    const signal = AbortSignal.any([this.#stopping.signal, timeout.signal]);
    try {
      await this.#options.transport.measureRtt(peerId, {signal});
      return true;
    } catch {
      return false;
    } finally {
      timeout.clear();
    }
  }

  #isListed(peerId: PeerId): boolean {
    return this.#options.nodes().some(({nodeId}) => nodeId === peerId);
  }

  #publish(): void {
    const {book, nowMs, onFacts} = this.#options;
    if (!this.#stopping.signal.aborted) onFacts(book.facts(nowMs()));
  }

  #mayDial(connectedCount: number): boolean {
    const {isServing, nowMs} = this.#options;
    const own = this.#ownNeighbours.size;
    if (!this.#wasServerThere) return false;
    if (connectedCount >= MAX_MEASURED || own >= NEIGHBOURS || isServing()) return false;
    if (this.#isYoung()) return own < FIRST_NEIGHBOURS;
    return nowMs() - this.#lastDialMs >= LATER_DIAL_EVERY_MS;
  }
}
