import {isOnGrid, type CutGrid} from '#shared/model/cut-grid.ts';
import {linkMs} from '../cost-model.ts';
import {intAt} from '../table-access.ts';
import type {PlacedShard, SwarmSnapshot} from '../swarm-snapshot.ts';
import {chainEdges, type ChainEdges} from './chain-edges.ts';

/** The shards of a snapshot that can serve. A *stand* is one shard on one node: what a hop is cut from. */
export type Stands = {
  /** The first snapshot of this layout: not to be asked for loads. */
  readonly snapshot: SwarmSnapshot;
  readonly grid: CutGrid;
  readonly standCount: number;
  readonly nodeOf: Int32Array;
  readonly startOf: Int32Array;
  readonly endOf: Int32Array;
  /** Stands that can begin a chain, and whether a stand can begin or end one. */
  readonly heads: readonly number[];
  readonly isHead: Uint8Array;
  readonly isTail: Uint8Array;
};

/** What routing asks of a snapshot again and again, in arrays. */
export type RouteIndex = Stands & {
  readonly edges: ChainEdges;
  /** Per head, in the order of `heads`: the shortest way back to it from a tail on another node. */
  readonly leastBackMs: Float64Array;
};

const cache = new WeakMap<SwarmSnapshot['indexOf'], RouteIndex>();

/** The index of a snapshot, made once for all that differ in load only. O(S² log S) for S stands. */
export function routeIndexOf(snapshot: SwarmSnapshot, grid: CutGrid): RouteIndex {
  const known = cache.get(snapshot.indexOf);
  if (
    known !== undefined &&
    known.grid.layerCount === grid.layerCount &&
    known.grid.cutEvery === grid.cutEvery
  ) {
    return known;
  }
  const stands = standsOf(snapshot, grid);
  const index = {...stands, edges: chainEdges(stands), leastBackMs: leastBackMs(stands)};
  cache.set(snapshot.indexOf, index);
  return index;
}

function standsOf(snapshot: SwarmSnapshot, grid: CutGrid): Stands {
  const stands = snapshot.nodes.flatMap((node, at) =>
    node.shards.filter((shard) => isOnGrid(grid, shard)).map((shard) => ({at, shard})),
  );
  const isHead = Uint8Array.from(stands, ({shard}) => (canBegin(shard) ? 1 : 0));
  return {
    snapshot,
    grid,
    standCount: stands.length,
    nodeOf: Int32Array.from(stands, ({at}) => at),
    startOf: Int32Array.from(stands, ({shard}) => shard.startLayer),
    endOf: Int32Array.from(stands, ({shard}) => shard.endLayer),
    heads: stands.flatMap((_, stand) => (isHead[stand] === 1 ? [stand] : [])),
    isHead,
    isTail: Uint8Array.from(stands, ({shard}) => (canEnd(shard, grid) ? 1 : 0)),
  };
}

function canBegin(shard: PlacedShard): boolean {
  return shard.embedding && shard.startLayer === 0;
}

function canEnd(shard: PlacedShard, grid: CutGrid): boolean {
  return shard.lmHead && shard.endLayer === grid.layerCount;
}

function leastBackMs({snapshot, standCount, nodeOf, heads, isTail}: Stands): Float64Array {
  return Float64Array.from(heads, (head) => {
    const to = intAt(nodeOf, head);
    let least = Infinity;
    for (let tail = 0; tail < standCount; tail += 1) {
      const from = intAt(nodeOf, tail);
      if (isTail[tail] !== 1 || from === to) continue;
      least = Math.min(least, linkMs(snapshot.rttMs(from, to)));
    }
    return least;
  });
}
