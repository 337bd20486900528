import {isOnGrid, type CutGrid} from '#shared/model/cut-grid.ts';
import type {PlacedShard, SwarmSnapshot} from '../swarm-snapshot.ts';

/** The shards of a snapshot that can serve. A *holding* is one shard on one node: what a hop is cut from. */
export type Holdings = {
  /** The first snapshot of this layout: not to be asked for loads. */
  readonly snapshot: SwarmSnapshot;
  readonly grid: CutGrid;
  readonly holdingCount: number;
  readonly nodeOf: Int32Array;
  readonly startOf: Int32Array;
  readonly endOf: Int32Array;
  /** Holdings that can begin a chain, and whether a holding can begin or end one. */
  readonly heads: readonly number[];
  readonly isHead: Uint8Array;
  readonly isTail: Uint8Array;
};

/** Every shard that lies on the grid. O(N). */
export function holdingsOf(snapshot: SwarmSnapshot, grid: CutGrid): Holdings {
  const holdings = snapshot.nodes.flatMap((node, at) =>
    node.shards.filter((shard) => isOnGrid(grid, shard)).map((shard) => ({at, shard})),
  );
  const isHead = Uint8Array.from(holdings, ({shard}) => (canBegin(shard) ? 1 : 0));
  return {
    snapshot,
    grid,
    holdingCount: holdings.length,
    nodeOf: Int32Array.from(holdings, ({at}) => at),
    startOf: Int32Array.from(holdings, ({shard}) => shard.startLayer),
    endOf: Int32Array.from(holdings, ({shard}) => shard.endLayer),
    heads: holdings.flatMap((_, holding) => (isHead[holding] === 1 ? [holding] : [])),
    isHead,
    isTail: Uint8Array.from(holdings, ({shard}) => (canEnd(shard, grid) ? 1 : 0)),
  };
}

function canBegin(shard: PlacedShard): boolean {
  return shard.embedding && shard.startLayer === 0;
}

function canEnd(shard: PlacedShard, grid: CutGrid): boolean {
  return shard.lmHead && shard.endLayer === grid.layerCount;
}
