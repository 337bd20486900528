import type {PeerId} from '#shared/base/ids.ts';
import type {ServedHop} from '#shared/client/reader-event.ts';
import type {WordOfTimes} from './chat-service.ts';
import type {EngineHop} from './engine-hop.ts';

/** A hop that is busy is slower than it says; more than that, another may have made up. */
const MOST_TIMES_STATED = 2;

/** Whose word the times of a hop are: all of them come from the tail, which speaks for itself only. */
export function wordOfTimes(served: ServedHop<EngineHop>): WordOfTimes {
  if (served.isOfTail) return 'own';
  const {statedMsPerLayer} = served.hop;
  const msPerLayer = layerMs(served);
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
    .map((each) => ({peerId: each.hop.peerId, msPerLayer: layerMs(each)}));
}

/** What a step of a hop was expected to take with as many sessions as ran as one. */
export function expectedMs({hop, sessions = 1}: ServedHop<EngineHop>): number {
  return hop.predictedMs + (sessions - 1) * hop.addedMs;
}

/** One layer, as if no other session had run with it. */
function layerMs(served: ServedHop<EngineHop>): number {
  const {startLayer, endLayer, hopOverheadMs, predictedMs} = served.hop;
  const aloneMs = (served.serviceMs * predictedMs) / expectedMs(served);
  return (aloneMs - hopOverheadMs) / (endLayer - startLayer);
}
