import {isOnGrid, type CutGrid} from '#shared/model/cut-grid.ts';
import type {PlacedShard, SwarmSnapshot} from '../swarm-snapshot.ts';

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

/** Every shard that lies on the grid. O(N). */
export function standsOf(snapshot: SwarmSnapshot, grid: CutGrid): Stands {
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
