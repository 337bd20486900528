import {intAt, realAt} from '../../scheduling/table-access.ts';
import type {WholeNodeGraph} from './whole-node-graph.ts';

export type LeastPathInput = {
  readonly graph: WholeNodeGraph;
  readonly heads: readonly number[];
  readonly isUsable: (stand: number) => boolean;
  readonly weightMs: (stand: number) => number;
};

/**
 * The path from one of `heads` to any tail with the least sum of vertex weights
 * and whole round trips; no stands and `Infinity` when there is none. First
 * best wins. O(edges): S²/4 at worst for S stands.
 */
export function leastPath({graph, heads, isUsable, weightMs}: LeastPathInput): {
  readonly stands: readonly number[];
  readonly ms: number;
} {
  const {index, inOrder, beginningAt, rttMs} = graph;
  const leastMs = new Float64Array(index.standCount).fill(Infinity);
  const from = new Int32Array(index.standCount).fill(-1);
  for (const head of heads) if (isUsable(head)) leastMs[head] = weightMs(head);
  let tail = -1;
  let tailMs = Infinity;
  for (const stand of inOrder) {
    const ms = realAt(leastMs, stand);
    if (ms === Infinity) continue;
    if (index.isTail[stand] === 1 && ms < tailMs) {
      tail = stand;
      tailMs = ms;
    }
    for (const next of beginningAt.get(intAt(index.endOf, stand)) ?? []) {
      if (!isUsable(next)) continue;
      const nextMs = ms + rttMs(stand, next) + weightMs(next);
      if (nextMs >= realAt(leastMs, next)) continue;
      leastMs[next] = nextMs;
      from[next] = stand;
    }
  }
  const stands: number[] = [];
  for (let at = tail; at >= 0; at = intAt(from, at)) stands.unshift(at);
  return {stands, ms: tailMs};
}
