import {linkMs} from '../cost-model.ts';
import {intAt, realAt} from '../table-access.ts';
import type {NodeCosts} from './node-costs.ts';
import {USABLE} from './node-states.ts';
import type {RouteIndex} from './route-index.ts';

/** A chain as the search sees it: stands, and the layer at which each is entered. */
export type FoundChain = {
  readonly loadedMs: number;
  readonly stands: readonly number[];
  readonly entries: readonly number[];
};

type Search = {
  readonly index: RouteIndex;
  readonly costs: NodeCosts;
  /** Least time from each boundary to the end, links left out: never too high. */
  readonly restMs: Float64Array;
  /** Chains up to this factor of the best are kept. */
  readonly tolerance: number;
  readonly found: FoundChain[];
  /** Per (stand, entry layer): least time to have come there, and from where; valid for one head. */
  readonly labelMs: Float64Array;
  readonly labelFrom: Int32Array;
  readonly labelHead: Int32Array;
  bestMs: number;
};

/**
 * Chains whose loaded step time is within `tolerance` of the least, best first.
 *
 * DAG dynamic programme over (boundary, stand): per possible head, labels
 * "entered stand s at layer l" in order of l; the link back to that head is part
 * of the cost. Between two stands the cut lies at one end of their overlap,
 * since cost is linear between. Branches that cannot come within tolerance are
 * cut off by the least time per remaining layer and the way back to the head.
 * O(heads × stands × cuts × successors) at worst, a small part of it in
 * practice. Source: Parallax (arXiv 2509.26182), phase 2; departs from it by
 * entry and exit inside a range, by the return link, and by loads that count.
 */
export function searchChains(
  index: RouteIndex,
  costs: NodeCosts,
  tolerance: number,
): readonly FoundChain[] {
  const width = index.grid.layerCount + 1;
  const search: Search = {
    index,
    costs,
    restMs: leastRestMs(index, costs),
    tolerance,
    found: [],
    labelMs: new Float64Array(index.standCount * width),
    labelFrom: new Int32Array(index.standCount * width),
    labelHead: new Int32Array(index.standCount * width).fill(-1),
    bestMs: Infinity,
  };
  for (const head of headsByPromise(search)) searchFrom(search, head);
  return search.found
    .filter(({loadedMs}) => loadedMs <= search.bestMs * tolerance)
    .toSorted((a, b) => a.loadedMs - b.loadedMs);
}

/** For each layer, the least loaded time from it to the last, over all usable stands. */
function leastRestMs(index: RouteIndex, costs: NodeCosts): Float64Array {
  const {layerCount} = index.grid;
  const least = new Float64Array(layerCount + 1).fill(Infinity);
  for (let stand = 0; stand < index.standCount; stand += 1) {
    const node = intAt(index.nodeOf, stand);
    if (costs.state[node] !== USABLE) continue;
    const ms = realAt(costs.layerMs, node);
    const end = intAt(index.endOf, stand);
    for (let layer = intAt(index.startOf, stand); layer < end; layer += 1) {
      if (ms < realAt(least, layer)) least[layer] = ms;
    }
  }
  least[layerCount] = 0;
  for (let layer = layerCount - 1; layer >= 0; layer -= 1) {
    least[layer] = realAt(least, layer) + realAt(least, layer + 1);
  }
  return least;
}

/** Usable heads, the one with the least possible step time first: good bounds come early. */
function headsByPromise({index, costs, restMs}: Search): readonly number[] {
  return index.heads
    .filter((head) => costs.state[index.nodeOf[head] ?? 0] === USABLE)
    .map((head) => {
      const node = index.nodeOf[head] ?? 0;
      const end = index.endOf[head] ?? 0;
      const ms = (costs.hopMs[node] ?? 0) + end * (costs.layerMs[node] ?? 0) + (restMs[end] ?? 0);
      return {head, ms};
    })
    .toSorted((a, b) => a.ms - b.ms || a.head - b.head)
    .map(({head}) => head);
}

function searchFrom(search: Search, head: number): void {
  const {index, costs} = search;
  const {layerCount, cutEvery} = index.grid;
  const width = layerCount + 1;
  const headNode = index.nodeOf[head] ?? 0;
  const buckets: number[][] = [];
  search.labelMs[head * width] = costs.hopMs[headNode] ?? 0;
  search.labelFrom[head * width] = -1;
  search.labelHead[head * width] = head;
  buckets[0] = [head];
  for (let entry = 0; entry < layerCount; entry += 1) {
    const bucket = buckets[entry];
    if (bucket === undefined) continue;
    for (const stand of bucket) {
      finish(search, head, stand, entry);
      expand(
        search,
        {
          head,
          stand,
          entry,
          firstExit: Math.min(entry + cutEvery - (entry % cutEvery), layerCount),
        },
        buckets,
      );
    }
  }
}

/** A stand that reaches the last layer closes the ring: the link back to the head is paid. */
function finish(search: Search, head: number, stand: number, entry: number): void {
  const {index, costs} = search;
  if (index.isTail[stand] !== 1) return;
  const layers = index.grid.layerCount - entry;
  const node = index.nodeOf[stand] ?? 0;
  const label = stand * (index.grid.layerCount + 1) + entry;
  const loadedMs =
    (search.labelMs[label] ?? Infinity) +
    layers * (costs.layerMs[node] ?? 0) +
    linkMs(index.snapshot.rttMs(node, index.nodeOf[head] ?? 0));
  if (!(loadedMs <= search.bestMs * search.tolerance)) return;
  search.bestMs = Math.min(search.bestMs, loadedMs);
  search.found.push({loadedMs, ...pathTo(search, stand, entry)});
}

type Step = {
  readonly head: number;
  readonly stand: number;
  readonly entry: number;
  readonly firstExit: number;
};

function expand(search: Search, step: Step, buckets: number[][]): void {
  const {index, labelMs} = search;
  const from = step.stand * (index.grid.layerCount + 1) + step.entry;
  const enteredMs = realAt(labelMs, from);
  const first = step.stand * index.successorsPerStand;
  for (let k = first; k < first + index.successorsPerStand; k += 1) {
    const next = intAt(index.successors, k);
    if (next < 0) break;
    const cut = cutBetween(search, step, next);
    if (cut < 0) continue;
    goOn(
      search,
      {...step, from, next, cut, linkMs: realAt(index.successorLinkMs, k), enteredMs},
      buckets,
    );
  }
}

/** The layer at which the chain goes over to `next`, or -1 when it cannot. */
function cutBetween({index, costs}: Search, {stand, head, firstExit}: Step, next: number): number {
  const nextNode = intAt(index.nodeOf, next);
  if (costs.state[nextNode] !== USABLE || nextNode === intAt(index.nodeOf, head)) return -1;
  const end = intAt(index.endOf, stand);
  const nextEnd = intAt(index.endOf, next);
  const node = intAt(index.nodeOf, stand);
  const isNextFaster = realAt(costs.layerMs, nextNode) < realAt(costs.layerMs, node);
  const earliest = Math.max(firstExit, intAt(index.startOf, next));
  const cut = isNextFaster || nextEnd <= end ? earliest : end;
  return cut > end || cut >= nextEnd ? -1 : cut;
}

type Crossing = Step & {
  readonly from: number;
  readonly next: number;
  readonly cut: number;
  readonly linkMs: number;
  readonly enteredMs: number;
};

function goOn(search: Search, crossing: Crossing, buckets: number[][]): void {
  const {index, costs, restMs} = search;
  const {head, from, next, cut, enteredMs} = crossing;
  const nextNode = intAt(index.nodeOf, next);
  const layersMs =
    (cut - crossing.entry) * realAt(costs.layerMs, intAt(index.nodeOf, crossing.stand));
  const ms = enteredMs + layersMs + crossing.linkMs + realAt(costs.hopMs, nextNode);
  const backMs = linkMs(index.snapshot.rttMs(nextNode, intAt(index.nodeOf, head)));
  if (ms + realAt(restMs, cut) + backMs > search.bestMs * search.tolerance) return;
  if (isOnPath(search, from, nextNode)) return;
  enter(search, {head, from, to: next * (index.grid.layerCount + 1) + cut, ms}, buckets);
}

/** No node twice in one chain: a session has one KV cache per node. */
function isOnPath({index, labelFrom}: Search, from: number, node: number): boolean {
  const width = index.grid.layerCount + 1;
  for (let at = from; at !== -1; at = labelFrom[at] ?? -1) {
    if (index.nodeOf[Math.floor(at / width)] === node) return true;
  }
  return false;
}

function enter(
  search: Search,
  {head, from, to, ms}: {head: number; from: number; to: number; ms: number},
  buckets: number[][],
): void {
  const width = search.index.grid.layerCount + 1;
  const isKnown = search.labelHead[to] === head;
  if (isKnown && (search.labelMs[to] ?? Infinity) <= ms) return;
  search.labelMs[to] = ms;
  search.labelFrom[to] = from;
  search.labelHead[to] = head;
  if (isKnown) return;
  const cut = to % width;
  const stand = (to - cut) / width;
  const bucket = buckets[cut];
  if (bucket === undefined) buckets[cut] = [stand];
  else bucket.push(stand);
}

function pathTo(search: Search, stand: number, entry: number) {
  const width = search.index.grid.layerCount + 1;
  const stands: number[] = [];
  const entries: number[] = [];
  for (let at = stand * width + entry; at !== -1; at = search.labelFrom[at] ?? -1) {
    const layer = at % width;
    stands.unshift((at - layer) / width);
    entries.unshift(layer);
  }
  return {stands, entries};
}
