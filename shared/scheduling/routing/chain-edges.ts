import {linkMs} from '../cost-model.ts';
import {intAt} from '../table-access.ts';
import type {Holdings} from './holdings.ts';

/** How many of the nearest possible next hops a chain may go to from a hop. */
const SUCCESSORS = 24;

/**
 * Every way in which a chain may go on: leave holding `from` in front of layer
 * `cut`, and enter holding `to` there. Sorted by `cut`, the highest first.
 */
export type ChainEdges = {
  readonly count: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly cut: Int32Array;
  readonly linkMs: Float64Array;
  /** The label "enter `to` at `cut`": one number for each layer at which a holding can be entered. */
  readonly label: Int32Array;
  readonly labelCount: number;
  readonly holdingOfLabel: Int32Array;
  /** Per holding, the label that enters it at its first layer; the others follow. */
  readonly labelBase: Int32Array;
  /** Edges by the holding that they leave: `idsOf[firstOf[s]]` to `idsOf[firstOf[s + 1] - 1]`. */
  readonly firstOf: Int32Array;
  readonly idsOf: Int32Array;
};

type Edge = {
  readonly from: number;
  readonly to: number;
  readonly cut: number;
  readonly linkMs: number;
};

/** The edges between holdings, to `SUCCESSORS` others from each. O(S² log S) for S holdings. */
export function chainEdges(holdings: Holdings): ChainEdges {
  const edges: Edge[] = [];
  for (let from = 0; from < holdings.holdingCount; from += 1) {
    for (const {holding: to, ms} of nearestSuccessors(holdings, from)) {
      for (const cut of cutsBetween(holdings, from, to)) edges.push({from, to, cut, linkMs: ms});
    }
  }
  edges.sort((a, b) => b.cut - a.cut || a.from - b.from || a.to - b.to);
  return {...labelsOf(edges, holdings), ...idsByHolding(edges, holdings.holdingCount)};
}

function labelsOf(edges: readonly Edge[], {startOf, endOf, holdingCount}: Holdings) {
  const labelBase = new Int32Array(holdingCount);
  let labelCount = 0;
  for (let holding = 0; holding < holdingCount; holding += 1) {
    labelBase[holding] = labelCount;
    labelCount += intAt(endOf, holding) - intAt(startOf, holding);
  }
  const holdingOfLabel = new Int32Array(labelCount);
  for (let holding = 0; holding < holdingCount; holding += 1) {
    holdingOfLabel.fill(
      holding,
      intAt(labelBase, holding),
      intAt(labelBase, holding + 1) || labelCount,
    );
  }
  return {
    count: edges.length,
    from: Int32Array.from(edges, ({from}) => from),
    to: Int32Array.from(edges, ({to}) => to),
    cut: Int32Array.from(edges, ({cut}) => cut),
    linkMs: Float64Array.from(edges, (edge) => edge.linkMs),
    label: Int32Array.from(edges, ({to, cut}) => intAt(labelBase, to) + cut - intAt(startOf, to)),
    labelCount,
    holdingOfLabel,
    labelBase,
  };
}

function idsByHolding(edges: readonly Edge[], holdingCount: number) {
  const firstOf = new Int32Array(holdingCount + 1);
  for (const {from} of edges) firstOf[from + 1] = intAt(firstOf, from + 1) + 1;
  for (let holding = 0; holding < holdingCount; holding += 1) {
    firstOf[holding + 1] = intAt(firstOf, holding + 1) + intAt(firstOf, holding);
  }
  const filled = firstOf.slice();
  const idsOf = new Int32Array(edges.length);
  for (const [id, {from}] of edges.entries()) {
    idsOf[intAt(filled, from)] = id;
    filled[from] = intAt(filled, from) + 1;
  }
  return {firstOf, idsOf};
}

const NO_CUTS: readonly number[] = [];

/**
 * Where a chain may go over: the ends of the overlap, since the time is linear
 * between them. Where `to` begins no later than `from`, entering it earlier is
 * no worse, unless `from` is only there to begin the chain; and where it ends no
 * later, `from` could go on itself, unless `to` is only there to end the chain.
 */
function cutsBetween(holdings: Holdings, from: number, to: number): readonly number[] {
  const {grid, startOf, endOf} = holdings;
  const start = intAt(startOf, from);
  const end = intAt(endOf, from);
  const nextStart = intAt(startOf, to);
  const nextEnd = intAt(endOf, to);
  // Most pairs do not meet at all.
  if (nextStart > end || nextEnd <= start + 1) return NO_CUTS;
  const cuts = new Set<number>();
  if (nextEnd > end && nextStart <= end) cuts.add(end);
  if (nextStart > start && nextStart <= end) cuts.add(nextStart);
  if (onlyBegins(holdings, from, to)) cuts.add(grid.cutEvery);
  if (onlyEnds(holdings, from, to)) {
    cuts.add(Math.floor((grid.layerCount - 1) / grid.cutEvery) * grid.cutEvery);
  }
  return [...cuts].filter((cut) => cut > start && cut <= end && cut >= nextStart && cut < nextEnd);
}

/** Both begin with the model, and only `from` can be the head. */
function onlyBegins({startOf, isHead}: Holdings, from: number, to: number): boolean {
  return isHead[from] === 1 && isHead[to] !== 1 && intAt(startOf, to) === 0;
}

/** Both end with the model, and only `to` can be the tail. */
function onlyEnds({grid, endOf, isTail}: Holdings, from: number, to: number): boolean {
  return isTail[to] === 1 && isTail[from] !== 1 && intAt(endOf, from) === grid.layerCount;
}

type Successor = {readonly holding: number; readonly ms: number};

function nearestSuccessors(holdings: Holdings, from: number): readonly Successor[] {
  const {holdingCount, nodeOf, snapshot} = holdings;
  const options: Successor[] = [];
  const node = intAt(nodeOf, from);
  for (let holding = 0; holding < holdingCount; holding += 1) {
    const to = intAt(nodeOf, holding);
    if (node === to || cutsBetween(holdings, from, holding).length === 0) continue;
    const ms = linkMs(snapshot.rttMs(node, to));
    if (Number.isFinite(ms)) options.push({holding, ms});
  }
  options.sort((x, y) => x.ms - y.ms || x.holding - y.holding);
  return pickVaried(options, holdings);
}

/**
 * The nearest, but never only nodes that end at one layer: half of the places go
 * to the nearest holding of each end, so that a chain can always go on when
 * anybody serves the next layer.
 */
function pickVaried(nearestFirst: readonly Successor[], {endOf}: Holdings): readonly Successor[] {
  if (nearestFirst.length <= SUCCESSORS) return nearestFirst;
  const chosen = new Set(nearestFirst.slice(0, SUCCESSORS - Math.floor(SUCCESSORS / 2)));
  const ends = new Set([...chosen].map(({holding}) => endOf[holding]));
  for (const option of nearestFirst) {
    if (chosen.size === SUCCESSORS) break;
    const end = endOf[option.holding];
    if (ends.has(end)) continue;
    ends.add(end);
    chosen.add(option);
  }
  for (const option of nearestFirst) {
    if (chosen.size === SUCCESSORS) break;
    chosen.add(option);
  }
  return [...chosen];
}
