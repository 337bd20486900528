import type {PeerId} from '#shared/base/ids.ts';
import type {LinkLoss, Transport} from '#shared/transport/transport.ts';
import type {TabEvent} from '../../ports/tab-event.ts';
import type {SwarmMembership} from '../swarm/swarm-membership.ts';

export type WatchedNode = {
  readonly membership: Pick<
    SwarmMembership,
    'peerId' | 'nowMs' | 'directoryState' | 'onSnapshot' | 'onLinkWorkerLost'
  > & {readonly transport: Pick<Transport, 'onPeerClosed'>};
  /** How often the hop of this tab has refused something, by code; from 0 for each new hop. */
  readonly refusals: () => Readonly<Record<string, number>>;
  readonly onEvent: (event: TabEvent) => void;
};

/** Links and refusals can come by the dozen: they are reported together, once a second. */
const PUBLISH_EVERY_MS = 1_000;

/**
 * Tells that the tab has joined, and from then on of its directory, of links that end and of
 * what its hop refuses, until the function that it returns is called.
 */
export function watchNode({membership, refusals, onEvent}: WatchedNode): () => void {
  let lostAtMs: number | null = null;
  const lost = new Map<PeerId, LinkLoss>();
  let reportedRefusals: Readonly<Record<string, number>> = {};
  const lookAtDirectory = (): void => {
    const isReachable = membership.directoryState() === 'reachable';
    if (isReachable === (lostAtMs === null)) return;
    if (lostAtMs === null) {
      lostAtMs = membership.nowMs();
      onEvent({event: 'directory-lost'});
    } else {
      const awayMs = Math.round(membership.nowMs() - lostAtMs);
      lostAtMs = null;
      onEvent({event: 'directory-back', awayMs});
    }
  };
  const tell = (): void => {
    const links = [...lost].map(([peerId, loss]) => ({peerId, loss}));
    lost.clear();
    if (links.length > 0) onEvent({event: 'links-lost', links});
    const counted = refusals();
    const counts = countsSince(reportedRefusals, counted);
    reportedRefusals = counted;
    if (Object.keys(counts).length > 0) onEvent({event: 'refused', counts});
  };
  onEvent({event: 'joined', peerId: membership.peerId});
  const stopDirectory = membership.onSnapshot(lookAtDirectory);
  const stopLinks = membership.transport.onPeerClosed(
    (peerId, loss) => void lost.set(peerId, loss),
  );
  const stopLinkWorker = membership.onLinkWorkerLost(({detail: {code}, message}) => {
    onEvent({event: 'link-worker-lost', code, message});
  });
  const timer = setInterval(tell, PUBLISH_EVERY_MS);
  lookAtDirectory();
  return () => {
    stopDirectory();
    stopLinks();
    stopLinkWorker();
    clearInterval(timer);
  };
}

/** What was added; a count that is lower than before is that of another hop. */
function countsSince(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const added = Object.entries(now).map(([code, count]) => {
    const known = before[code] ?? 0;
    return [code, count < known ? count : count - known] as const;
  });
  return Object.fromEntries(added.filter(([, count]) => count > 0));
}
