import {expect, test} from 'vitest';
import {createTab} from '../../../../signal-server/src/testing/create-tab.ts';
import {openServer} from '../../../../signal-server/src/testing/open-client.ts';
import type {AttackCounts} from './attack-plan.ts';
import {honestTab, NEVER_MS} from './honest-tab.ts';
import {runAttacks} from './run-attacks.ts';

/** On a slow machine a handshake takes long: there are sockets for all that are at it, beside silent ones. */
const LIMITS = {maxSockets: 100, handshakeTimeoutMs: 60_000};
/** A server for so few that small numbers are too many. */
const MAX_TABS = 8;
const COUNTS: AttackCounts = {
  silentSockets: LIMITS.maxSockets + 4,
  identities: 30,
  pipelinedLookups: 1_000,
  hangingDhtServers: 1,
  idleConnections: 2 * MAX_TABS + 4,
  relayedDialsPerSec: 70,
  diallingPeers: 1,
  // Until the test ends it: a slow machine takes minutes.
  durationMs: 500_000,
};
const PATIENT = {timeout: 240_000};

test('[AT1] what strangers do beside each other is counted by its kind, and honest tabs join and publish meanwhile', async () => {
  const server = await openServer({maxTabs: MAX_TABS}, LIMITS);
  const victim = await createTab({serverUrl: server.url});
  const directory = await victim.openDirectory();
  const publisher = victim.publish(directory);
  const over = new AbortController();
  try {
    await publisher.settled();
    await expect.poll(() => victim.addresses().length, PATIENT).toBeGreaterThan(0);
    const target = {
      port: server.port,
      serverId: server.peerId,
      victimId: victim.libp2p.peerId.toString(),
      fromAddresses: ['127.0.0.2', '127.0.0.3'],
      silentFrom: ['127.0.0.4'],
    };
    const attacking = runAttacks(target, COUNTS, {signal: over.signal});
    const refusedOf = (reason: string): number => server.counters().refusals[reason] ?? 0;
    // Not how often is dialled: a slow machine never dials too often.
    for (const reason of ['socket-crowded-out', 'connection-crowded-out']) {
      await expect.poll(() => refusedOf(reason), PATIENT).toBeGreaterThan(0);
    }
    await expect
      .poll(() => server.recordRefusals().get('RECORD_NOT_YOURS'), PATIENT)
      .toBeGreaterThan(0);
    const {publishMs} = await honestTab(server.url);
    expect(publishMs).toBeLessThan(NEVER_MS);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect(victim.link.state().kind).toBe('connected');
    over.abort();
    const outcomes = await attacking;
    expect(outcomes.find(({kind}) => kind === 'identities')?.taken).toBe(0);
  } finally {
    over.abort();
    await publisher.stop();
    await directory.close();
    await victim.stop();
    await server.close();
  }
});
