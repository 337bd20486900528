import type {Swarm} from './start-swarm.ts';

/**
 * Bytes of activations that a server carried since `relayedBytesBefore` was
 * read: what the relay forwarded, and what went over pairs that a TURN server
 * relays. Read `before` when every hop is ready, so that signaling is over.
 */
export async function activationBytesThroughServer(
  swarm: Swarm,
  relayedBytesBefore: number,
): Promise<number> {
  const links = (await Promise.all(swarm.tabs.map((tab) => tab.links()))).flat();
  const turnBytes = links
    .filter((link) => link.localCandidateType === 'relay' || link.remoteCandidateType === 'relay')
    .reduce((sum, link) => sum + link.bytesSent, 0);
  return swarm.server.counters().relayedBytes - relayedBytesBefore + turnBytes;
}
