import type {CutGrid} from '#shared/model/cut-grid.ts';
import {linkMs} from '../cost-model.ts';
import {intAt} from '../table-access.ts';
import type {SwarmSnapshot} from '../swarm-snapshot.ts';
import {chainEdges, type ChainEdges} from './chain-edges.ts';
import {holdingsOf, type Holdings} from './holdings.ts';

/** What routing asks of a snapshot again and again, in arrays. */
export type RouteIndex = Holdings & {
  readonly edges: ChainEdges;
  /** Per head, in the order of `heads`: the shortest way back to it from a tail on another node. */
  readonly leastBackMs: Float64Array;
};

const cache = new WeakMap<SwarmSnapshot['indexOf'], RouteIndex>();

/** The index of a snapshot, made once for all that differ in load only. O(S² log S) for S holdings. */
export function routeIndexOf(snapshot: SwarmSnapshot, grid: CutGrid): RouteIndex {
  const known = cache.get(snapshot.indexOf);
  if (
    known !== undefined &&
    known.grid.layerCount === grid.layerCount &&
    known.grid.cutEvery === grid.cutEvery
  ) {
    return known;
  }
  const holdings = holdingsOf(snapshot, grid);
  const index = {...holdings, edges: chainEdges(holdings), leastBackMs: leastBackMs(holdings)};
  cache.set(snapshot.indexOf, index);
  return index;
}

function leastBackMs({snapshot, holdingCount, nodeOf, heads, isTail}: Holdings): Float64Array {
  return Float64Array.from(heads, (head) => {
    const to = intAt(nodeOf, head);
    let least = Infinity;
    for (let tail = 0; tail < holdingCount; tail += 1) {
      const from = intAt(nodeOf, tail);
      if (isTail[tail] !== 1 || from === to) continue;
      least = Math.min(least, linkMs(snapshot.rttMs(from, to)));
    }
    return least;
  });
}
