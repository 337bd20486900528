import type {Attack, AttackCounts, AttackOutcome} from './attack-plan.ts';
import type {AttackTarget} from './attack-target.ts';
import {AttackerNodes} from './attacker-node.ts';
import {hangingDhtServer} from './hanging-dht-server.ts';
import {idleConnections} from './idle-connections.ts';
import {manyIdentities} from './many-identities.ts';
import {pipelinedLookups} from './pipelined-lookups.ts';
import {relayedDials} from './relayed-dials.ts';
import {silentSockets} from './silent-sockets.ts';

const ATTACKS: readonly Attack[] = [
  silentSockets,
  manyIdentities,
  pipelinedLookups,
  hangingDhtServer,
  idleConnections,
  relayedDials,
];

/** All kinds of attack side by side, until their time is over or `signal` ends them. */
export async function runAttacks(
  target: AttackTarget,
  counts: AttackCounts,
  {signal}: {readonly signal: AbortSignal},
): Promise<readonly AttackOutcome[]> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(counts.durationMs)]);
  const nodes = await AttackerNodes.start(target);
  const attacks = ATTACKS.map(async (attack) => {
    try {
      return await attack({nodes, target, counts, over});
    } catch (error) {
      // Not let in at all: nothing was taken.
      return {kind: `${attack.name}: ${String(error)}`, tried: 0, taken: 0};
    }
  });
  try {
    return await Promise.all(attacks);
  } finally {
    await nodes.close();
  }
}
