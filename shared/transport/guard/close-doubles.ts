import type {Connection, Libp2p, PeerId} from '@libp2p/interface';
import {directConnections} from '../direct-path.ts';

/** By then the links that were waited for are open, over whichever. */
const SETTLE_MS = 10_000;

/**
 * Two peers that dial each other at the same moment, as on a busy machine many do, have two connections, of which
 * links take the newest. Of those that nothing goes over each is closed but one; by the peer whose id comes first, so
 * that the two do not close one each.
 */
export function closeDoubles(
  libp2p: Pick<Libp2p, 'peerId' | 'getConnections' | 'addEventListener'>,
): void {
  const watched = new Set<string>();
  const watch = (peer: PeerId): void => {
    const id = peer.toString();
    if (watched.has(id) || directConnections(libp2p, peer).length < 2) return;
    watched.add(id);
    const timer = setTimeout(() => {
      watched.delete(id);
      for (const connection of idleOf(directConnections(libp2p, peer))) close(connection);
      watch(peer);
    }, SETTLE_MS);
    if (typeof timer === 'object') timer.unref(); // In Node: it keeps no process running.
  };
  libp2p.addEventListener('connection:open', ({detail: {remotePeer}}) => {
    if (libp2p.peerId.toString() < remotePeer.toString()) watch(remotePeer);
  });
}

/** Those that nothing goes over; of connections that are all so, the newest stays, which is the first. */
function idleOf(connections: readonly Connection[]): readonly Connection[] {
  const idle = connections.filter(({streams}) => streams.length === 0);
  return idle.length < connections.length ? idle : idle.slice(1);
}

function close(connection: Connection): void {
  connection
    .close()
    .catch((cause: unknown) => connection.abort(new Error('Cannot close a double', {cause})));
}
