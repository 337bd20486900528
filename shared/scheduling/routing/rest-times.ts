import {intAt, realAt} from '../table-access.ts';
import {USABLE} from './node-states.ts';
import type {HopCosts} from './hop-costs.ts';
import type {RouteIndex} from './route-index.ts';

/** Least times to the end of the model, the way back to the head left out. */
export type RestTimes = {
  /** Per edge: the link, the hop that is entered, and everything after it. */
  readonly edgeMs: Float64Array;
  /** Per holding: from its first layer, its own layers included; for heads. */
  readonly holdingMs: Float64Array;
};

/**
 * From the last layer backwards. Leaving a holding at a cut costs the same
 * wherever it was entered, but for its own layers in between; so one running
 * minimum per holding serves all of its entries, and each edge is looked at once.
 * O(edges).
 */
export function restTimes(index: RouteIndex, {state, layerMs, hopMs, sendMs}: HopCosts): RestTimes {
  const {edges, nodeOf, startOf, holdingCount, isTail, grid} = index;
  const edgeMs = new Float64Array(edges.count).fill(Infinity);
  // Per holding: least over its exits so far of cut × layer time + what comes after.
  const exitMs = new Float64Array(holdingCount);
  for (let holding = 0; holding < holdingCount; holding += 1) {
    const node = intAt(nodeOf, holding);
    const isEnd = isTail[holding] === 1 && state[node] === USABLE;
    exitMs[holding] = isEnd ? grid.layerCount * realAt(layerMs, node) : Infinity;
  }
  for (let first = 0, end = 0; first < edges.count; first = end) {
    const cut = intAt(edges.cut, first);
    // All exits at one cut are read before any of them counts: no hop without a layer.
    for (end = first; end < edges.count && intAt(edges.cut, end) === cut; end += 1) {
      const to = intAt(edges.to, end);
      const node = intAt(nodeOf, to);
      if (state[node] !== USABLE) continue;
      const afterMs = realAt(exitMs, to) - cut * realAt(layerMs, node);
      const wayMs =
        realAt(sendMs, intAt(nodeOf, intAt(edges.from, end))) + realAt(edges.linkMs, end);
      edgeMs[end] = wayMs + realAt(hopMs, node) + afterMs;
    }
    for (let edge = first; edge < end; edge += 1) {
      const from = intAt(edges.from, edge);
      const ms = cut * realAt(layerMs, intAt(nodeOf, from)) + realAt(edgeMs, edge);
      if (ms < realAt(exitMs, from)) exitMs[from] = ms;
    }
  }
  const holdingMs = exitMs.map((ms, holding) => {
    return ms - intAt(startOf, holding) * realAt(layerMs, intAt(nodeOf, holding));
  });
  return {edgeMs, holdingMs};
}
