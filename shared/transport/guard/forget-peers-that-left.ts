import type {Libp2p, PeerId} from '@libp2p/interface';
import {whenPeersLeft} from './when-peers-left.ts';

/** What runs when a connection ends, such as `identify`, still writes to the peer store. */
const AFTERWARDS_MS = 2_000;

/**
 * Drops what libp2p's peer store knows of a peer whose last connection has
 * ended: it keeps that for hours by itself, and identities are free.
 */
export function forgetPeersThatLeft(
  libp2p: Libp2p,
  {isKept = () => false}: {readonly isKept?: (peer: PeerId) => boolean} = {},
): void {
  whenPeersLeft(libp2p, {
    afterMs: AFTERWARDS_MS,
    onLeft: (peer) => {
      if (isKept(peer)) return;
      libp2p.peerStore.delete(peer).catch(() => {
        // The node has been stopped: all is forgotten.
      });
    },
  });
}
