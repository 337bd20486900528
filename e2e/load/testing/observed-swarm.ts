import {expect} from '@playwright/test';
import type {LinkReport} from '../../../web/src/ports/link-service.ts';
import type {TabTraffic} from '../../../web/src/app/services/lab-controls.ts';
import type {Swarm} from '../../swarm/start-swarm.ts';
import type {Measurement} from '../measure-scenario.ts';

/** Sessions that nobody uses end with a message of about a hundred bytes each. */
const MOST_GOODBYE_BYTES = 1_000;

type Observed = {readonly traffic: TabTraffic; readonly links: readonly LinkReport[]};

/** What each tab counted, by its peer id. */
export type ObservedTabs = ReadonlyMap<string, Observed>;

/** Looks into all tabs once nothing passes between them any more. */
export async function observeWhenQuiet(swarm: Swarm): Promise<ObservedTabs> {
  await untilQuiet(swarm);
  const observed = new Map<string, Observed>();
  for (const tab of swarm.tabs) {
    const traffic = await tab.traffic();
    observed.set(traffic.peerId, {traffic, links: await tab.links()});
  }
  return observed;
}

/** After the last answer its chain is closed: until nothing passes between two looks at all tabs. */
async function untilQuiet({tabs}: Swarm): Promise<void> {
  const look = async () => JSON.stringify(await Promise.all(tabs.map((tab) => tab.traffic())));
  let before = '';
  await expect
    .poll(async () => {
      const last = before;
      before = await look();
      return before === last;
    })
    .toBe(true);
}

/** Tabs that decoded another number of tokens than the chains of the report say. */
export function chainsNotAsServed(
  {requests}: Measurement['report'],
  observed: ObservedTabs,
): readonly string[] {
  const claimed = new Map<string, number>();
  for (const {chains, tokenIds} of requests) {
    for (const {node} of (chains.at(-1) ?? []).slice(0, -1)) {
      claimed.set(node, (claimed.get(node) ?? 0) + Math.max(0, tokenIds.length - 1));
    }
  }
  return Array.from(observed, ([node, {traffic}]) => {
    const decoded = traffic.sessions.reduce((sum, {decodeTokens}) => sum + decodeTokens, 0);
    const expected = claimed.get(node) ?? 0;
    return decoded === expected ? [] : [`${node} decoded ${decoded} tokens, not ${expected}`];
  }).flat();
}

/** What one tab says it sent is what the other says it got, and no more than the browser transferred: where not. */
export function bytesNotAsSeen(
  {nodes}: Measurement['report'],
  observed: ObservedTabs,
): readonly string[] {
  const problems: string[] = [];
  for (const [from, {traffic, links}] of observed) {
    for (const {peerId, sentBytes} of traffic.peers) {
      const edge = `${from} to ${peerId}`;
      const back = observed.get(peerId)?.traffic.peers.find((peer) => peer.peerId === from);
      if (back?.receivedBytes !== sentBytes)
        problems.push(`${edge}: ${sentBytes} bytes sent, ${back?.receivedBytes ?? 0} received`);
      if (peerId !== from) problems.push(...linksBelow({edge, peerId, sentBytes, links}));
    }
    const node = nodes.find(({id}) => id === from);
    if (node === undefined) continue;
    const sentBytes = traffic.peers.reduce((sum, peer) => sum + peer.sentBytes, 0);
    // The report was read afterwards: a session that nobody used may have ended meanwhile.
    if (node.bytesSent < sentBytes || node.bytesSent >= sentBytes + MOST_GOODBYE_BYTES)
      problems.push(`${from} sent ${sentBytes} bytes, ${node.bytesSent} in the report`);
  }
  const unseen = nodes.filter(({id}) => !observed.has(id));
  return [...problems, ...unseen.map(({id}) => `${id} was not seen`)];
}

function linksBelow(claim: {
  readonly edge: string;
  readonly peerId: string;
  readonly sentBytes: number;
  readonly links: readonly LinkReport[];
}): readonly string[] {
  const {edge, peerId, sentBytes, links} = claim;
  // Two tabs that dial each other in the same moment have two connections.
  const between = links.filter((each) => each.peerId === peerId);
  const transferredBytes = between.reduce((sum, {bytesSent}) => sum + bytesSent, 0);
  const isRelayed = between.some(({localCandidateType, remoteCandidateType}) =>
    [localCandidateType, remoteCandidateType].includes('relay'),
  );
  return [
    ...(transferredBytes >= sentBytes
      ? []
      : [`${edge}: ${sentBytes} bytes sent, ${transferredBytes} transferred`]),
    ...(isRelayed ? [`${edge}: by a relay`] : []),
  ];
}
