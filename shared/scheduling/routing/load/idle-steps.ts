import {intAt, realAt} from '../../table-access.ts';
import {idleCosts, type NodeCosts} from '../node-costs.ts';
import type {RouteIndex} from '../route-index.ts';
import {restTimes} from '../rest-times.ts';
import {searchChains} from '../search-chains.ts';

/** Step times, ms, while nobody is there: the scale on which waiting is long or short. */
export type IdleSteps = {
  /** Of the best chain. */
  readonly bestMs: number;
  /**
   * Per node, of the best chain that uses it; `Infinity` where there is none. Never more than it
   * is: of the way from the tail back to the head only the least is counted.
   */
  readonly throughMs: Float64Array;
};

const known = new WeakMap<RouteIndex, IdleSteps>();

/** Worked out once for all snapshots that differ in load only. One search, and O(edges). */
export function idleStepsOf(index: RouteIndex): IdleSteps {
  const before = known.get(index);
  if (before !== undefined) return before;
  const costs = idleCosts(index.snapshot);
  const bestMs = searchChains(index, costs, 1)[0]?.loadedMs ?? 1;
  const idle = {bestMs, throughMs: leastThrough(index, costs)};
  known.set(index, idle);
  return idle;
}

/**
 * Forwards over all edges, as `restTimes` goes backwards: what comes before an edge and what comes
 * after it make the best chain that enters a node there.
 */
function leastThrough(index: RouteIndex, costs: NodeCosts): Float64Array {
  const {edges, nodeOf, holdingCount, heads, isTail, leastBackMs, snapshot} = index;
  const {layerMs, hopMs} = costs;
  const rest = restTimes(index, costs);
  const throughMs = new Float64Array(snapshot.nodes.length).fill(Infinity);
  const note = (holding: number, ms: number) => {
    const node = intAt(nodeOf, holding);
    throughMs[node] = Math.min(realAt(throughMs, node), ms);
  };
  const beforeMs = new Float64Array(edges.count);
  // Per holding: least over its entries so far of what came before − entry × layer time.
  const enteredMs = new Float64Array(holdingCount).fill(Infinity);
  for (const [k, head] of heads.entries()) {
    const backMs = isTail[head] === 1 ? 0 : realAt(leastBackMs, k);
    enteredMs[head] = realAt(hopMs, intAt(nodeOf, head)) + backMs;
    note(head, realAt(enteredMs, head) + realAt(rest.holdingMs, head));
  }
  const leftMs = (edge: number) => {
    const from = intAt(edges.from, edge);
    return realAt(enteredMs, from) + intAt(edges.cut, edge) * realAt(layerMs, intAt(nodeOf, from));
  };
  // The lowest cut first, and all exits at it before any entry: no hop without a layer.
  for (let last = edges.count - 1, next = last; last >= 0; last = next) {
    const cut = intAt(edges.cut, last);
    for (next = last; next >= 0 && intAt(edges.cut, next) === cut; next -= 1) {
      beforeMs[next] = leftMs(next);
      note(intAt(edges.to, next), realAt(beforeMs, next) + realAt(rest.edgeMs, next));
    }
    for (let edge = last; edge > next; edge -= 1) {
      const to = intAt(edges.to, edge);
      const node = intAt(nodeOf, to);
      const ownMs = realAt(edges.linkMs, edge) + realAt(hopMs, node) - cut * realAt(layerMs, node);
      enteredMs[to] = Math.min(realAt(enteredMs, to), realAt(beforeMs, edge) + ownMs);
    }
  }
  return throughMs;
}
