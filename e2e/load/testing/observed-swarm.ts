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

/** Each answer's chain, as its client tells it, against what each tab counted for each session. */
export function expectChainsAsServed(
  {requests}: Measurement['report'],
  observed: ObservedTabs,
): void {
  const claimed = new Map<string, number>();
  for (const {chains, tokenIds} of requests) {
    for (const {node} of (chains.at(-1) ?? []).slice(0, -1)) {
      claimed.set(node, (claimed.get(node) ?? 0) + tokenIds.length - 1);
    }
  }
  for (const [node, {traffic}] of observed) {
    const decoded = traffic.sessions.reduce((sum, {decodeTokens}) => sum + decodeTokens, 0);
    expect(decoded, node).toBe(claimed.get(node) ?? 0);
  }
}

/** What one tab says it sent is what the other says it got, and no more than the browser transferred. */
export function expectBytesAsSeen({nodes}: Measurement['report'], observed: ObservedTabs): void {
  for (const [from, {traffic, links}] of observed) {
    for (const {peerId, sentBytes} of traffic.peers) {
      const back = observed.get(peerId)?.traffic.peers.find((peer) => peer.peerId === from);
      expect(back?.receivedBytes, `${from} to ${peerId}`).toBe(sentBytes);
      if (peerId === from) continue;
      // Two tabs that dial each other in the same moment have two connections.
      const between = links.filter((each) => each.peerId === peerId);
      const transferredBytes = between.reduce((sum, {bytesSent}) => sum + bytesSent, 0);
      expect(transferredBytes, `${from} to ${peerId}`).toBeGreaterThanOrEqual(sentBytes);
      for (const {localCandidateType, remoteCandidateType} of between)
        expect([localCandidateType, remoteCandidateType]).not.toContain('relay');
    }
    const node = nodes.find(({id}) => id === from);
    if (node === undefined) continue;
    const sentBytes = traffic.peers.reduce((sum, peer) => sum + peer.sentBytes, 0);
    // The report was read afterwards: a session that nobody used may have ended meanwhile.
    expect(node.bytesSent).toBeGreaterThanOrEqual(sentBytes);
    expect(node.bytesSent).toBeLessThan(sentBytes + MOST_GOODBYE_BYTES);
  }
  expect(nodes.every(({id}) => observed.has(id))).toBe(true);
}
