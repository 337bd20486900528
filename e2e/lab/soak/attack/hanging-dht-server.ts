import {DHT_PROTOCOL} from '#shared/directory/server/record-rules.ts';
import type {Attack} from './attack-plan.ts';

/** Says that it is a DHT server, can be dialled, takes every stream and never answers on any. */
export const hangingDhtServer: Attack = async ({nodes, counts, over}) => {
  let taken = 0;
  for (let i = 0; i < counts.hangingDhtServers; i += 1) {
    try {
      const {libp2p} = await nodes.open({isReachable: true}, {signal: over});
      await libp2p.handle(DHT_PROTOCOL, () => undefined, {runOnLimitedConnection: true});
      taken += 1;
    } catch {
      // Not let in.
    }
  }
  return {kind: 'hanging DHT servers', tried: counts.hangingDhtServers, taken};
};
