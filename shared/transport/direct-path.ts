import type {Connection, Libp2p, PeerId} from '@libp2p/interface';
import type {Multiaddr} from '@multiformats/multiaddr';
import {WebRTC} from '@multiformats/multiaddr-matcher';

/**
 * Whether bytes under this address go straight to the peer. A WebRTC address
 * names a relay too, but only for its signaling.
 */
export function isDirectAddress(address: Multiaddr): boolean {
  const isCircuit = address.getComponents().some(({name}) => name === 'p2p-circuit');
  return !isCircuit || WebRTC.matches(address);
}

/** Relayed connections are limited; one that claims no limits still shows in its address. */
export function isDirectConnection(connection: Connection): boolean {
  return connection.limits === undefined && isDirectAddress(connection.remoteAddr);
}

/** Those that are open to a peer, the newest first: of one that came back, the older may be one whose end is still unnoticed here. */
export function directConnections(
  libp2p: Pick<Libp2p, 'getConnections'>,
  peer: PeerId,
): readonly Connection[] {
  return libp2p
    .getConnections(peer)
    .filter((connection) => connection.status === 'open' && isDirectConnection(connection))
    .toSorted((a, b) => b.timeline.open - a.timeline.open);
}

/** The one to use, or `null`. */
export function newestDirectConnection(
  libp2p: Pick<Libp2p, 'getConnections'>,
  peer: PeerId,
): Connection | null {
  return directConnections(libp2p, peer)[0] ?? null;
}
