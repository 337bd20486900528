import {setTimeout as wait} from 'node:timers/promises';
import type {Attack} from './attack-plan.ts';
import type {AttackerNode} from './attacker-node.ts';

const DIAL_TIMEOUT_MS = 5_000;

/** Strangers who dial one tab through the relay, again and again, and hang up. */
export const relayedDials: Attack = async ({nodes, counts, over}) => {
  const strangers: AttackerNode[] = [];
  let tried = 0;
  let taken = 0;
  const dialOnce = async ({libp2p}: AttackerNode): Promise<void> => {
    tried += 1;
    const signal = AbortSignal.any([over, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
    try {
      const connection = await libp2p.dial(nodes.victimAddress(), {signal, force: true});
      taken += 1;
      connection.abort(new Error('The next one'));
    } catch {
      // Refused or failed.
    }
  };
  for (let i = 0; i < counts.diallingPeers && !over.aborted; i += 1) {
    const stranger = await nodes.open({}, {signal: over}).catch(() => null);
    if (stranger !== null) strangers.push(stranger);
  }
  const dialing = new Set<Promise<void>>();
  while (!over.aborted) {
    const stranger = strangers[tried % strangers.length];
    if (stranger !== undefined && dialing.size < 2 * counts.relayedDialsPerSec) {
      const dial = dialOnce(stranger).finally(() => dialing.delete(dial));
      dialing.add(dial);
    }
    await wait(1000 / counts.relayedDialsPerSec, undefined, {signal: over}).catch(() => undefined);
  }
  await Promise.all(dialing);
  return {kind: 'relayed dials', tried, taken};
};
