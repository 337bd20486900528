import type {Libp2p, PeerId} from '@libp2p/interface';

type Options = {
  /** A peer that comes back within this time has not left. */
  readonly afterMs: number;
  /** Whether `onLeft` is called for this peer; asked when its last connection ends. */
  readonly isMissed?: (peer: PeerId) => boolean;
  readonly onLeft: (peer: PeerId) => void;
};

/** Calls `onLeft` for each peer whose last connection ended, and who did not come back. @returns how to end that. */
export function whenPeersLeft(libp2p: Libp2p, options: Options): () => void {
  const {afterMs, isMissed = () => true, onLeft} = options;
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const onDisconnect = ({detail: peer}: CustomEvent<PeerId>): void => {
    if (!isMissed(peer)) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (libp2p.getConnections(peer).length === 0) onLeft(peer);
    }, afterMs);
    if (typeof timer === 'object') timer.unref(); // In Node: it keeps no process running.
    timers.add(timer);
  };
  libp2p.addEventListener('peer:disconnect', onDisconnect);
  return () => {
    libp2p.removeEventListener('peer:disconnect', onDisconnect);
    for (const timer of timers) clearTimeout(timer);
  };
}
