import {linkMs} from '../cost-model.ts';
import {intAt, realAt} from '../table-access.ts';
import type {ChainHop} from './chain.ts';
import type {HopCosts} from './hop-costs.ts';
import {USABLE} from './node-states.ts';
import {restTimes, type RestTimes} from './rest-times.ts';
import type {RouteIndex} from './route-index.ts';

/** A chain as the search sees it: holdings, and the layer at which each is entered. */
export type FoundChain = {
  readonly loadedMs: number;
  readonly holdings: readonly number[];
  readonly entries: readonly number[];
};

/** After so many edges no further head is tried: swarms where thousands of chains are equal. */
const ENOUGH_STEPS = 30_000;

type Search = {
  readonly index: RouteIndex;
  readonly costs: HopCosts;
  readonly rest: RestTimes;
  /** Chains up to this factor of the best are kept. */
  readonly tolerance: number;
  readonly found: FoundChain[];
  /** Per label: least time to have come there and from which label; valid for head `reachedBy`. */
  readonly reachedMs: Float64Array;
  readonly reachedFrom: Int32Array;
  readonly reachedBy: Int32Array;
  /** Labels to go on from, by the layer that they enter at. */
  readonly waiting: (number[] | undefined)[];
  bestMs: number;
  steps: number;
};

/**
 * Chains whose loaded step time is within `tolerance` of the least, best first.
 *
 * DAG dynamic programme over labels (boundary, holding). Backwards once, over all
 * edges: the least time from each to the end, the way back left out
 * (`restTimes`). Then forwards per head, layer by layer, so that the way back to
 * it counts, and only along labels where that bound can still come within
 * tolerance. O(edges), and the edges near the best of each head that is near the
 * best. Source: Parallax (arXiv 2509.26182), phase 2; departs from it by entry
 * and exit inside a range, by the return link, and by loads that count.
 */
export function searchChains(
  index: RouteIndex,
  costs: HopCosts,
  tolerance: number,
): readonly FoundChain[] {
  const {edges} = index;
  const search: Search = {
    index,
    costs,
    rest: restTimes(index, costs),
    tolerance,
    found: [],
    reachedMs: new Float64Array(edges.labelCount),
    reachedFrom: new Int32Array(edges.labelCount),
    reachedBy: new Int32Array(edges.labelCount).fill(-1),
    waiting: [],
    bestMs: Infinity,
    steps: 0,
  };
  for (const {head, backMs, ms} of headsByPromise(search)) {
    if (ms > search.bestMs * tolerance || search.steps > ENOUGH_STEPS) break;
    searchFrom(search, head, backMs);
  }
  return search.found
    .filter(({loadedMs}) => loadedMs <= search.bestMs * tolerance)
    .toSorted((a, b) => a.loadedMs - b.loadedMs);
}

/** Heads from which the end can be reached, the one with the least possible step time first. */
function headsByPromise({index, costs, rest}: Search) {
  return index.heads
    .map((head, k) => {
      const node = intAt(index.nodeOf, head);
      const backMs = realAt(index.leastBackMs, k);
      const wayBackMs = index.isTail[head] === 1 ? 0 : backMs;
      const ms = realAt(costs.hopMs, node) + realAt(rest.holdingMs, head) + wayBackMs;
      return {head, backMs, ms: costs.state[node] === USABLE ? ms : Infinity};
    })
    .filter(({ms}) => ms < Infinity)
    .toSorted((a, b) => a.ms - b.ms || a.head - b.head);
}

function searchFrom(search: Search, head: number, leastBackMs: number): void {
  const {index, costs, waiting} = search;
  const first = intAt(index.edges.labelBase, head);
  search.reachedMs[first] = realAt(costs.hopMs, intAt(index.nodeOf, head));
  search.reachedFrom[first] = -1;
  search.reachedBy[first] = head;
  waiting[0] = [first];
  for (let entry = 0; entry < index.grid.layerCount; entry += 1) {
    const labels = waiting[entry];
    if (labels === undefined) continue;
    for (const label of labels) {
      const holding = intAt(index.edges.holdingOfLabel, label);
      if (index.isTail[holding] === 1) finish(search, {head, label, holding, entry});
      goOn(search, {head, label, holding, entry}, leastBackMs);
    }
    labels.length = 0;
  }
}

type Place = {
  readonly head: number;
  readonly label: number;
  readonly holding: number;
  readonly entry: number;
};

/** Follows every exit of a holding that can still end well. */
function goOn(search: Search, place: Place, leastBackMs: number): void {
  const {index, costs, rest} = search;
  const {edges, nodeOf} = index;
  const {holding, entry, label} = place;
  const from = intAt(nodeOf, holding);
  const layerMs = realAt(costs.layerMs, from);
  const enteredMs = realAt(search.reachedMs, label);
  const limitMs = search.bestMs * search.tolerance;
  for (let k = intAt(edges.firstOf, holding); k < intAt(edges.firstOf, holding + 1); k += 1) {
    const edge = intAt(edges.idsOf, k);
    const cut = intAt(edges.cut, edge);
    // Exits are sorted by cut, the last one first.
    if (cut <= entry) break;
    search.steps += 1;
    const leftMs = enteredMs + (cut - entry) * layerMs;
    const boundMs = leftMs + realAt(rest.edgeMs, edge) + leastBackMs;
    if (!(boundMs <= limitMs) || boundMs === Infinity) continue;
    const node = intAt(nodeOf, intAt(edges.to, edge));
    const wayMs = realAt(costs.sendMs, from) + realAt(edges.linkMs, edge);
    enter(search, place, edge, leftMs + wayMs + realAt(costs.hopMs, node));
  }
}

function enter(search: Search, {head, label}: Place, edge: number, ms: number): void {
  const {index, reachedMs, reachedFrom, reachedBy, waiting} = search;
  const next = intAt(index.edges.label, edge);
  const isKnown = intAt(reachedBy, next) === head;
  if (isKnown && realAt(reachedMs, next) <= ms) return;
  // No node twice in one chain: a session has one KV cache per node.
  const node = intAt(index.nodeOf, intAt(index.edges.to, edge));
  for (let at = label; at >= 0; at = intAt(reachedFrom, at)) {
    if (intAt(index.nodeOf, intAt(index.edges.holdingOfLabel, at)) === node) return;
  }
  reachedMs[next] = ms;
  reachedFrom[next] = label;
  reachedBy[next] = head;
  if (isKnown) return;
  const cut = intAt(index.edges.cut, edge);
  const others = waiting[cut];
  if (others === undefined) waiting[cut] = [next];
  else others.push(next);
}

/** The way has come to the end of the model: the link back to the head closes the ring. */
function finish(search: Search, {head, label, holding, entry}: Place): void {
  const {index, costs} = search;
  const tailNode = intAt(index.nodeOf, holding);
  const headNode = intAt(index.nodeOf, head);
  const wayBackMs = holding === head ? 0 : linkMs(index.snapshot.rttMs(tailNode, headNode));
  const layersMs = (index.grid.layerCount - entry) * realAt(costs.layerMs, tailNode);
  const loadedMs = realAt(search.reachedMs, label) + layersMs + wayBackMs;
  if (!(loadedMs <= search.bestMs * search.tolerance) || loadedMs === Infinity) return;
  search.bestMs = Math.min(search.bestMs, loadedMs);
  const holdings: number[] = [];
  const entries: number[] = [];
  const {holdingOfLabel, labelBase} = index.edges;
  for (let at = label; at >= 0; at = intAt(search.reachedFrom, at)) {
    const passed = intAt(holdingOfLabel, at);
    holdings.unshift(passed);
    entries.unshift(at - intAt(labelBase, passed) + intAt(index.startOf, passed));
  }
  search.found.push({loadedMs, holdings, entries});
}

/** A found chain as hops. */
export function hopsOf({holdings, entries}: FoundChain, index: RouteIndex): readonly ChainHop[] {
  return holdings.flatMap((holding, k) => {
    const node = index.snapshot.nodes[index.nodeOf[holding] ?? 0];
    const startLayer = entries[k] ?? 0;
    const endLayer = entries[k + 1] ?? index.grid.layerCount;
    return node === undefined ? [] : [{nodeId: node.nodeId, startLayer, endLayer}];
  });
}
