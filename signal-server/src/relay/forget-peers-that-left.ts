import type {Libp2p, PeerId} from '@libp2p/interface';

/** What runs when a connection ends, such as `identify`, still writes to the peer store. */
const AFTERWARDS_MS = 2_000;

/**
 * Drops what libp2p's peer store knows of a peer whose last connection has
 * ended: it forgets nobody by itself, and identities are free.
 */
export function forgetPeersThatLeft(libp2p: Libp2p): void {
  libp2p.addEventListener('peer:disconnect', ({detail}) => {
    const timer = setTimeout(() => void forget(libp2p, detail), AFTERWARDS_MS);
    if (typeof timer === 'object') timer.unref();
  });
}

async function forget(libp2p: Libp2p, peer: PeerId): Promise<void> {
  if (libp2p.getConnections(peer).length === 0) await libp2p.peerStore.delete(peer);
}
