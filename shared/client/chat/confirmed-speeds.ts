import type {PeerId} from '#shared/base/ids.ts';
import type {ServedHop} from '#shared/client/reader-event.ts';
import type {WordOfTimes} from './chat-service.ts';
import type {EngineHop} from './engine-hop.ts';

/** A hop that is busy is slower than it says; more than that, another may have made up. */
const MOST_TIMES_STATED = 2;

/** Whose word the times of a hop are: all of them come from the tail, which speaks for itself only. */
export function wordOfTimes({hop, serviceMs, isOfTail}: ServedHop<EngineHop>): WordOfTimes {
  if (isOfTail) return 'own';
  const {statedMsPerLayer} = hop;
  const msPerLayer = layerMs(hop, serviceMs);
  const agrees =
    msPerLayer <= MOST_TIMES_STATED * statedMsPerLayer &&
    msPerLayer >= statedMsPerLayer / MOST_TIMES_STATED;
  return agrees ? 'confirmed' : 'unconfirmed';
}

/** How fast the hops of an answer were, as far as that is to be believed. */
export function confirmedSpeeds(
  served: readonly ServedHop<EngineHop>[],
): readonly {readonly peerId: PeerId; readonly msPerLayer: number}[] {
  return served
    .filter((each) => wordOfTimes(each) !== 'unconfirmed')
    .map(({hop, serviceMs}) => ({peerId: hop.peerId, msPerLayer: layerMs(hop, serviceMs)}));
}

function layerMs({startLayer, endLayer, hopOverheadMs}: EngineHop, serviceMs: number): number {
  return (serviceMs - hopOverheadMs) / (endLayer - startLayer);
}
