import type {Connection, Libp2p, PeerId} from '@libp2p/interface';
import type {Refusal} from './refusals.ts';
import {SourceCounts} from './source/source-counts.ts';
import {sourceKeyOf} from './source/source-key-of.ts';

type Options = {
  readonly libp2p: Libp2p;
  readonly maxConnections: number;
  /** So long a connection may take to show what it is good for. */
  readonly youngMs: number;
  /** Others can dial it through the relay. */
  readonly hasPlace: (peer: PeerId) => boolean;
  /** A record of it is held, or the operator named it. */
  readonly isServing: (peer: PeerId) => boolean;
  readonly refused: (reason: Refusal) => void;
};

/** A tab has one; a second while the first is found to be dead. */
const MAX_CONNECTIONS_OF_PEER = 4;
/** As many as a household has; however many records others keep here, theirs come in and stay. */
const FEW_OF_ADDRESS = 4;
/** What libp2p opens by itself on every connection. */
const UNASKED = new Set(['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', '/ipfs/ping/1.0.0']);

type Entry = {
  readonly source: string;
  /** By a clock that nobody sets. */
  readonly openedMs: number;
};

/** The least useful is ended first, and among equals the one with the largest weight. */
type Rank = {readonly use: number; readonly weight: number};

/** More is better; the least goes first. */
const USE = {silent: 0, reads: 1, reachable: 2, serves: 3} as const;

/**
 * At most `maxConnections` to peers, by ending the least useful rather than by
 * refusing the next: first who says nothing, then who only reads, then who can
 * be dialled, then who has a record here. Whoever just came has ten seconds.
 * Nobody is refused for their address, so any number of tabs behind one gets
 * in; only among equals do those of the most numerous address go first, and
 * an address with more than half of all is trusted one step less. The few of an
 * address that has only these count as if they served: else whoever fills the
 * server with records from two addresses would shut out all others.
 */
export class ConnectionLimits {
  readonly #options: Options;
  readonly #open = new Map<Connection, Entry>();
  /** Of each peer, the oldest first. */
  readonly #ofPeer = new Map<string, Set<Connection>>();
  readonly #counts = new SourceCounts();

  constructor(options: Options) {
    this.#options = options;
    const {libp2p} = options;
    libp2p.addEventListener('connection:open', ({detail}) => this.#enter(detail));
    libp2p.addEventListener('connection:close', ({detail}) => this.#leave(detail));
  }

  get connectionCount(): number {
    return this.#open.size;
  }

  #enter(connection: Connection): void {
    if (connection.status !== 'open') return;
    const source = sourceKeyOf(connection);
    this.#open.set(connection, {source, openedMs: performance.now()});
    this.#counts.add(source);
    this.#enterOfPeer(connection);
    if (this.#open.size > this.#options.maxConnections) this.#endLeastUseful();
  }

  #leave(connection: Connection): void {
    const entry = this.#open.get(connection);
    if (entry === undefined) return;
    this.#open.delete(connection);
    this.#counts.remove(entry.source);
    const peer = connection.remotePeer.toString();
    const connections = this.#ofPeer.get(peer);
    connections?.delete(connection);
    if (connections?.size === 0) this.#ofPeer.delete(peer);
  }

  #enterOfPeer(connection: Connection): void {
    const peer = connection.remotePeer.toString();
    const connections = this.#ofPeer.get(peer) ?? new Set();
    this.#ofPeer.set(peer, connections.add(connection));
    const [oldest] = connections;
    if (oldest === undefined || connections.size <= MAX_CONNECTIONS_OF_PEER) return;
    this.#end(oldest, 'connection-of-same-peer');
  }

  #endLeastUseful(): void {
    const nowMs = performance.now();
    let worst: ({readonly connection: Connection} & Rank) | null = null;
    for (const [connection, {source, openedMs}] of this.#open) {
      const rank = this.#rankOf(connection, {source, ageMs: nowMs - openedMs});
      if (worst !== null && !isBelow(rank, worst)) continue;
      worst = {connection, ...rank};
    }
    if (worst !== null) this.#end(worst.connection, 'connection-crowded-out');
  }

  #rankOf(
    connection: Connection,
    {source, ageMs}: {readonly source: string; readonly ageMs: number},
  ): Rank {
    const count = this.#counts.of(source);
    const isMostOfAll = count * 2 > this.#options.maxConnections;
    const use = this.#useOf(connection, ageMs);
    if (count > FEW_OF_ADDRESS || isMostOfAll) {
      return {use: use - (isMostOfAll ? 1 : 0), weight: ageMs * count};
    }
    return {use: use >= USE.reachable ? USE.serves : use, weight: 0};
  }

  #useOf(connection: Connection, ageMs: number): number {
    const {hasPlace, isServing, youngMs} = this.#options;
    if (isServing(connection.remotePeer)) return USE.serves;
    if (ageMs < youngMs || hasPlace(connection.remotePeer)) return USE.reachable;
    const asks = connection.streams.some(({protocol}) => protocol !== '' && !UNASKED.has(protocol));
    return asks ? USE.reads : USE.silent;
  }

  #end(connection: Connection, reason: Refusal): void {
    this.#leave(connection);
    this.#options.refused(reason);
    connection.abort(new Error(`Ended by the server: ${reason}`));
  }
}

function isBelow(one: Rank, other: Rank): boolean {
  return one.use < other.use || (one.use === other.use && one.weight > other.weight);
}
