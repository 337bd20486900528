import type {PeerId} from '#shared/base/ids.ts';
import type {ServedHop} from '#shared/client/reader-event.ts';
import type {EngineHop} from './swarm-chat-service.ts';

/** A hop that is busy is slower than it says; more than that, another may have made up. */
const MOST_TIMES_STATED = 2;

/**
 * How fast the hops of an answer were, as far as that is to be believed: all of it comes from the
 * tail, which speaks for itself only.
 */
export function confirmedSpeeds(
  served: readonly ServedHop<EngineHop>[],
): readonly {readonly peerId: PeerId; readonly msPerLayer: number}[] {
  const lastLayer = served.reduce((last, {hop}) => Math.max(last, hop.endLayer), 0);
  return served.flatMap(({hop, serviceMs}) => {
    const {peerId, startLayer, endLayer, statedMsPerLayer, hopOverheadMs} = hop;
    const msPerLayer = (serviceMs - hopOverheadMs) / (endLayer - startLayer);
    const isConfirmed =
      msPerLayer <= MOST_TIMES_STATED * statedMsPerLayer &&
      msPerLayer >= statedMsPerLayer / MOST_TIMES_STATED;
    return endLayer === lastLayer || isConfirmed ? [{peerId, msPerLayer}] : [];
  });
}
