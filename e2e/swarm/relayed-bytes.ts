import {setTimeout as wait} from 'node:timers/promises';
import type {Swarm} from './start-swarm.ts';

const LOOK_EVERY_MS = 10;
/** A relayed connection over which no direct one came up stays for minutes. */
const LONGEST_SIGNALING_MS = 10_000;

/**
 * What a server has relayed, once the connections used for the signaling of
 * open links are closed: that they are not needed any more they say through the relay too.
 */
export async function relayedBytesAfterSignaling(swarm: Swarm): Promise<number> {
  const endMs = performance.now() + LONGEST_SIGNALING_MS;
  while (swarm.server.counters().openRelayedConnections > 0 && performance.now() < endMs) {
    await wait(LOOK_EVERY_MS);
  }
  return swarm.server.counters().relayedBytes;
}

/**
 * Bytes of activations that a server relayed since `relayedBytesBefore` was
 * read: what the relay forwarded, and what went over pairs that a TURN server
 * relays. Read `before` by `relayedBytesAfterSignaling` when every hop is ready.
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
