import {linkMs} from '../cost-model.ts';
import {intAt, realAt} from '../table-access.ts';
import type {HopCosts} from './hop-costs.ts';
import {USABLE} from './node-states.ts';
import {restTimes, type RestTimes} from './rest-times.ts';
import type {RouteIndex} from './route-index.ts';

/** A chain as the search sees it: stands, and the layer at which each is entered. */
export type FoundChain = {
  readonly loadedMs: number;
  readonly stands: readonly number[];
  readonly entries: readonly number[];
};

/** Edges that one search may follow: enough by far for near-equal chains, an end to absurd pools. */
const MAX_STEPS = 20_000;

type Search = {
  readonly index: RouteIndex;
  readonly costs: HopCosts;
  readonly rest: RestTimes;
  /** Chains up to this factor of the best are kept. */
  readonly tolerance: number;
  readonly found: FoundChain[];
  /** Per label: least time to have come there, valid for the head `reachedFrom`. */
  readonly reachedMs: Float64Array;
  readonly reachedFrom: Int32Array;
  /** The way from the head to where the search stands. */
  readonly stands: number[];
  readonly entries: number[];
  bestMs: number;
  steps: number;
};

/**
 * Chains whose loaded step time is within `tolerance` of the least, best first.
 *
 * DAG dynamic programme over (boundary, stand). Backwards once, over all edges:
 * the least time from each to the end, the way back left out (`restTimes`). Then
 * forwards per head, so that the way back to it counts, depth first and only
 * where that bound can still come within tolerance. O(edges), and the labels
 * near the best of each head that is near the best. Source: Parallax (arXiv
 * 2509.26182), phase 2; departs from it by entry and exit inside a range, by
 * the return link, and by loads that count.
 */
export function searchChains(
  index: RouteIndex,
  costs: HopCosts,
  tolerance: number,
): readonly FoundChain[] {
  const {heads, nodeOf, leastBackMs, isTail, edges} = index;
  const rest = restTimes(index, costs);
  const search: Search = {
    index,
    costs,
    rest,
    tolerance,
    found: [],
    reachedMs: new Float64Array(edges.labelCount),
    reachedFrom: new Int32Array(edges.labelCount).fill(-1),
    stands: [],
    entries: [],
    bestMs: Infinity,
    steps: 0,
  };
  const inOrder = heads
    .map((head, k) => {
      const node = intAt(nodeOf, head);
      const backMs = isTail[head] === 1 ? 0 : realAt(leastBackMs, k);
      const isUsable = costs.state[node] === USABLE;
      const ms = realAt(costs.hopMs, node) + realAt(rest.standMs, head) + backMs;
      return {head, backMs: realAt(leastBackMs, k), ms: isUsable ? ms : Infinity};
    })
    .toSorted((a, b) => a.ms - b.ms || a.head - b.head);
  for (const {head, backMs, ms} of inOrder) {
    if (!(ms <= search.bestMs * tolerance) || ms === Infinity) break;
    search.stands.push(head);
    search.entries.push(0);
    searchOn(search, backMs, realAt(costs.hopMs, intAt(nodeOf, head)));
    search.stands.pop();
    search.entries.pop();
  }
  return search.found
    .filter(({loadedMs}) => loadedMs <= search.bestMs * tolerance)
    .toSorted((a, b) => a.loadedMs - b.loadedMs);
}

/** Goes on from the last stand of the way, entered after `enteredMs`. */
function searchOn(search: Search, leastBackMs: number, enteredMs: number): void {
  const {index, costs, rest, stands, entries} = search;
  const {edges, nodeOf} = index;
  const stand = stands.at(-1) ?? 0;
  const entry = entries.at(-1) ?? 0;
  const layerMs = realAt(costs.layerMs, intAt(nodeOf, stand));
  if (index.isTail[stand] === 1)
    finish(search, enteredMs + (index.grid.layerCount - entry) * layerMs);
  for (let k = intAt(edges.firstOf, stand); k < intAt(edges.firstOf, stand + 1); k += 1) {
    const edge = intAt(edges.idsOf, k);
    const cut = intAt(edges.cut, edge);
    // Exits are sorted by cut, the last one first.
    if (cut <= entry) break;
    const leftMs = enteredMs + (cut - entry) * layerMs;
    const boundMs = leftMs + realAt(rest.edgeMs, edge) + leastBackMs;
    if (!(boundMs <= search.bestMs * search.tolerance) || boundMs === Infinity) continue;
    const to = intAt(edges.to, edge);
    const ms = leftMs + realAt(edges.linkMs, edge) + realAt(costs.hopMs, intAt(nodeOf, to));
    if (!enters(search, edge, ms)) continue;
    stands.push(to);
    entries.push(cut);
    searchOn(search, leastBackMs, ms);
    stands.pop();
    entries.pop();
  }
}

/** Whether it is worth going on along an edge; remembers that the search has. */
function enters(search: Search, edge: number, ms: number): boolean {
  const {index, stands, reachedMs, reachedFrom} = search;
  const {edges, nodeOf} = index;
  const head = stands[0] ?? 0;
  const label = intAt(edges.label, edge);
  if (intAt(reachedFrom, label) === head && realAt(reachedMs, label) <= ms) return false;
  if (search.steps >= MAX_STEPS && search.found.length > 0) return false;
  const node = intAt(nodeOf, intAt(edges.to, edge));
  // No node twice in one chain: a session has one KV cache per node.
  for (const stand of stands) if (intAt(nodeOf, stand) === node) return false;
  search.steps += 1;
  reachedMs[label] = ms;
  reachedFrom[label] = head;
  return true;
}

/** The way has come to the end of the model: the link back to the head closes the ring. */
function finish(search: Search, endMs: number): void {
  const {index, stands, entries} = search;
  const tail = intAt(index.nodeOf, stands.at(-1) ?? 0);
  const head = intAt(index.nodeOf, stands[0] ?? 0);
  const loadedMs = endMs + (stands.length > 1 ? linkMs(index.snapshot.rttMs(tail, head)) : 0);
  if (!(loadedMs <= search.bestMs * search.tolerance) || loadedMs === Infinity) return;
  search.bestMs = Math.min(search.bestMs, loadedMs);
  search.found.push({loadedMs, stands: [...stands], entries: [...entries]});
}
