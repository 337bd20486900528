import {saturationOf, WAIT_PER_HOP, waitMs} from '../../cost-model.ts';
import {realAt} from '../../table-access.ts';
import {addedMsOf, aloneMsOf, type NodeCosts} from '../node-costs.ts';

/** Adds the waiting that the work at each node means. Changes `layerMs` and `hopMs`. O(N). */
export function chargeWaiting(
  costs: NodeCosts,
  {idleMs, busyMs}: {readonly idleMs: number; readonly busyMs: number},
): void {
  const {workMs, idleLayerMs, idleHopMs, layersHeld, layerMs, hopMs} = costs;
  const {doubtLayerMs, doubtHopMs} = costs;
  const saturation = saturationOf(meanWork(costs), idleMs);
  // With less than a whole step of work nobody waits; a lower level, be it by a lie, would make all seem overloaded.
  const levelMs = Math.max(busyMs, idleMs);
  for (let at = 0; at < workMs.length; at += 1) {
    const layers = realAt(layersHeld, at);
    const ownMs = aloneMsOf(costs, at, layers);
    const othersMs = realAt(workMs, at);
    const queueMs = waitMs({
      workMs: othersMs + (othersMs > 0 ? addedMsOf(costs, at, layers) : ownMs),
      aloneMs: Math.max(ownMs, idleMs),
      busyMs: levelMs,
      saturation,
    });
    // Some of it for entering the queue at all, the rest for the work that is added to it.
    const perLayerMs = ((1 - WAIT_PER_HOP) * queueMs) / Math.max(1, layers);
    hopMs[at] = realAt(idleHopMs, at) + realAt(doubtHopMs, at) + WAIT_PER_HOP * queueMs;
    layerMs[at] = realAt(idleLayerMs, at) + realAt(doubtLayerMs, at) + perLayerMs;
  }
}

/** Work, ms per token, of a node that holds layers, on average. */
function meanWork({workMs, layersHeld}: NodeCosts): number {
  let sum = 0;
  let serving = 0;
  for (let at = 0; at < workMs.length; at += 1) {
    if (realAt(layersHeld, at) === 0) continue;
    sum += realAt(workMs, at);
    serving += 1;
  }
  return sum / Math.max(1, serving);
}
