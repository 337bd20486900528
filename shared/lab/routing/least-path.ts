import {intAt, realAt} from '../../scheduling/table-access.ts';
import type {WholeNodeGraph} from './whole-node-graph.ts';

export type LeastPathInput = {
  readonly graph: WholeNodeGraph;
  readonly heads: readonly number[];
  readonly isUsable: (holding: number) => boolean;
  readonly weightMs: (holding: number) => number;
};

/**
 * The path from one of `heads` to any tail with the least sum of vertex weights
 * and whole round trips; no holdings and `Infinity` when there is none. First
 * best wins. O(edges): S²/4 at worst for S holdings.
 */
export function leastPath({graph, heads, isUsable, weightMs}: LeastPathInput): {
  readonly holdings: readonly number[];
  readonly ms: number;
} {
  const {index, inOrder, beginningAt, rttMs} = graph;
  const leastMs = new Float64Array(index.holdingCount).fill(Infinity);
  const from = new Int32Array(index.holdingCount).fill(-1);
  for (const head of heads) if (isUsable(head)) leastMs[head] = weightMs(head);
  let tail = -1;
  let tailMs = Infinity;
  for (const holding of inOrder) {
    const ms = realAt(leastMs, holding);
    if (ms === Infinity) continue;
    if (index.isTail[holding] === 1 && ms < tailMs) {
      tail = holding;
      tailMs = ms;
    }
    for (const next of beginningAt.get(intAt(index.endOf, holding)) ?? []) {
      if (!isUsable(next)) continue;
      const nextMs = ms + rttMs(holding, next) + weightMs(next);
      if (nextMs >= realAt(leastMs, next)) continue;
      leastMs[next] = nextMs;
      from[next] = holding;
    }
  }
  const holdings: number[] = [];
  for (let at = tail; at >= 0; at = intAt(from, at)) holdings.unshift(at);
  return {holdings, ms: tailMs};
}
