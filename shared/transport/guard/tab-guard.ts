import type {CircuitRelayTransportComponents} from '@libp2p/circuit-relay-v2';
import type {
  Connection,
  ConnectionGater,
  Libp2p,
  PeerId as Libp2pPeerId,
  Transport,
} from '@libp2p/interface';
import {WeftError} from '../../base/errors.ts';
import {asPeerId, type PeerId} from '../../base/ids.ts';
import {isDirectConnection} from '../direct-path.ts';
import type {NamedServer} from '../../protocol/bootstrap.ts';
import {forgetPeersThatLeft} from './forget-peers-that-left.ts';
import {CONNECT_TIMEOUT_MS} from '../connect-timeout.ts';
import type {Acquaintance} from './acquaintance.ts';
import {answerPings} from './answer-pings.ts';
import {closeDoubles} from './close-doubles.ts';
import {limitedSignaling} from './limited-signaling.ts';
import {leastMissed} from './least-missed.ts';
import {namedRelaysOnly} from './named-relays.ts';
import {RelayedVisits} from './relayed-visits.ts';
import {ShutOut} from './shut-out.ts';
import {createTabGater} from './gater/tab-gater.ts';
import {watchStreams} from './watch-streams.ts';

const NOBODY: Acquaintance = {isKnown: () => false, isBusy: () => false};

/**
 * How many may be open or opening: far more than the guard keeps, so that libp2p
 * refuses nobody by rules that do not tell a stranger from a neighbour. All who
 * come over one relay have its address.
 */
export const TAB_CONNECTIONS = {
  maxConnections: 256,
  maxIncomingPendingConnections: 256,
  inboundConnectionThreshold: 1_000,
  // libp2p's 6 s for an address are too few where many tabs share a processor, and who
  // gives up starts again: for a crowd on a slow machine no dial would ever succeed.
  dialTimeout: CONNECT_TIMEOUT_MS,
  addressDialTimeout: CONNECT_TIMEOUT_MS,
  inboundUpgradeTimeout: CONNECT_TIMEOUT_MS,
  // A name is looked up at servers of its own: none of a stranger's choice.
  resolvers: {},
};

/** Direct connections that a tab keeps: chains and neighbours are a few dozen. */
const MAX_DIRECT = 80;
/** At 70 strangers a second each relayed connection still has over a second and a half. */
const MAX_VISITS = 128;
/** Signaling takes a second or two; on a slow machine, all the time that a dial has. */
const VISIT_MS = CONNECT_TIMEOUT_MS;

type Options = {
  /** As of now; none before the first bootstrap. */
  readonly namedServers: () => readonly NamedServer[];
  /** Whether the page is away; it never is, by default. */
  readonly isAway?: () => boolean;
  readonly maxDirect?: number;
  readonly maxVisits?: number;
  readonly visitMs?: number;
};

/**
 * What strangers may cost a tab: which peers it dials and lets in, how many
 * connections and streams they have, and what becomes of who floods it.
 * Exists before its node does, which asks it while it starts.
 */
export class TabGuard {
  readonly gater: ConnectionGater;
  readonly visits: RelayedVisits;
  readonly #namedServers: () => readonly NamedServer[];
  readonly #shutOut = new ShutOut();
  readonly #maxDirect: number;
  #acquaintance = NOBODY;

  constructor(options: Options) {
    const {
      namedServers,
      isAway = () => false,
      maxVisits = MAX_VISITS,
      visitMs = VISIT_MS,
    } = options;
    this.#maxDirect = options.maxDirect ?? MAX_DIRECT;
    this.#namedServers = namedServers;
    this.gater = createTabGater({
      namedServers,
      isAway,
      isShutOut: (peer) => this.#shutOut.has(peer, performance.now()),
    });
    this.visits = new RelayedVisits({isKnown: this.isKnown, maxVisits, visitMs});
  }

  /** From now on strangers give way to those whom the tab knows. */
  acquaint(acquaintance: Acquaintance): void {
    this.#acquaintance = acquaintance;
  }

  readonly isNamed = (peer: Libp2pPeerId): boolean =>
    this.#namedServers().some(({peerId}) => peerId === peer.toString());

  readonly isKnown = (peer: PeerId): boolean => this.#acquaintance.isKnown(peer);

  /** Ends all connections of a peer that floods this tab, and lets it in no more for a while. */
  readonly shutOut = (connection: Connection, why: string): void => {
    const peerId = asPeerId(connection.remotePeer.toString());
    if (!this.isNamed(connection.remotePeer)) {
      this.#shutOut.add(peerId, performance.now());
    }
    connection.abort(new WeftError({code: 'PEER_FLOODED', peerId}, why));
  };

  /** The relay transport of this tab. */
  relays(create: (components: CircuitRelayTransportComponents) => Transport) {
    return namedRelaysOnly(create, {
      isNamed: this.isNamed,
      onVisit: (stream) => this.visits.admit(stream),
    });
  }

  /** The WebRTC transport of this tab. */
  signaling<Components>(create: (components: Components) => Transport) {
    return limitedSignaling(create, {isKnown: this.isKnown});
  }

  /** Begins to watch the connections of `libp2p`. */
  async watch(libp2p: Libp2p): Promise<void> {
    await answerPings(libp2p, this.shutOut);
    libp2p.addEventListener('connection:open', ({detail: connection}) => {
      if (this.isNamed(connection.remotePeer)) return;
      watchStreams(connection, this.shutOut);
      this.visits.opened(connection);
      if (isDirectConnection(connection)) this.#makeRoom(libp2p, connection);
    });
    closeDoubles(libp2p);
    // Addresses come from records, and those of named servers from the bootstrap.
    forgetPeersThatLeft(libp2p, {isKept: this.isNamed});
  }

  #makeRoom(libp2p: Libp2p, newest: Connection): void {
    const others = libp2p
      .getConnections()
      .filter((other) => isDirectConnection(other) && !this.isNamed(other.remotePeer));
    if (others.length <= this.#maxDirect) return;
    const leaving = leastMissed(others, newest, this.#acquaintance);
    leaving?.abort(new Error(`More than ${this.#maxDirect} peers are connected`));
  }
}
