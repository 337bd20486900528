import {cellsOf, isOnGrid, type CutGrid} from '#shared/model/cut-grid.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import {hopTokensPerSec} from '../cost-model.ts';
import {joinLayers} from '../join-layers.ts';
import type {LayerSpan} from '../scheduling-event.ts';
import type {PlacedShard, PlacementClaim, SnapshotNode} from '../swarm-snapshot.ts';

/** Per cell of the grid: how many serve it, and how many tokens a second they could, with sessions enough. */
export type Coverage = {
  readonly grid: CutGrid;
  readonly cells: readonly LayerRange[];
  readonly replicas: number[];
  readonly tokensPerSec: number[];
};

export function emptyCoverage(grid: CutGrid): Coverage {
  const cells = cellsOf(grid, {startLayer: 0, endLayer: grid.layerCount});
  return {
    grid,
    cells,
    replicas: cells.map(() => 0),
    tokensPerSec: cells.map(() => 0),
  };
}

export function copyOf(coverage: Coverage): Coverage {
  const {replicas, tokensPerSec} = coverage;
  return {...coverage, replicas: [...replicas], tokensPerSec: [...tokensPerSec]};
}

/** Adds what a shard on a node brings. Changes `coverage`. */
export function addShard(coverage: Coverage, node: SnapshotNode, shard: PlacedShard): void {
  countShard(coverage, node, shard, 1);
}

/** Adds what a node serves; or its claim, which counts in place of it. Changes `coverage`. */
export function addNode(
  coverage: Coverage,
  node: SnapshotNode,
  counts: (node: SnapshotNode, claim: PlacementClaim) => boolean = () => true,
): void {
  if (node.claim !== null && counts(node, node.claim)) addShard(coverage, node, node.claim);
  else for (const shard of node.shards) addShard(coverage, node, shard);
}

/** Takes away what `addShard` added. Changes `coverage`. */
export function removeShard(coverage: Coverage, node: SnapshotNode, shard: PlacedShard): void {
  countShard(coverage, node, shard, -1);
}

function countShard(
  coverage: Coverage,
  node: SnapshotNode,
  shard: PlacedShard,
  sign: 1 | -1,
): void {
  if (!isOnGrid(coverage.grid, shard)) return;
  const rate = sign * shardTokensPerSec(node, shard);
  const [from, to] = cellSpan(coverage.grid, shard);
  for (let cell = from; cell < to; cell += 1) {
    if (!servesCell(coverage, shard, cell)) continue;
    coverage.replicas[cell] = (coverage.replicas[cell] ?? 0) + sign;
    coverage.tokensPerSec[cell] = (coverage.tokensPerSec[cell] ?? 0) + rate;
  }
}

/** Tokens a second that flow through a shard when every session uses all of it. */
export function shardTokensPerSec(node: SnapshotNode, shard: LayerSpan): number {
  return hopTokensPerSec(node, shard.endLayer - shard.startLayer);
}

/** Positions of the first cell of a range on the grid, and of the one after its last. */
export function cellSpan(grid: CutGrid, range: LayerSpan): readonly [number, number] {
  return [Math.floor(range.startLayer / grid.cutEvery), Math.ceil(range.endLayer / grid.cutEvery)];
}

/** The outer cells need embedding or LM head beside their layers. */
function servesCell({cells}: Coverage, shard: PlacedShard, cell: number): boolean {
  return (cell > 0 || shard.embedding) && (cell < cells.length - 1 || shard.lmHead);
}

/** Runs of cells that nobody serves, as layer ranges. */
export function gapsOf({cells, replicas}: Coverage): readonly LayerSpan[] {
  return joinLayers(cells.filter((_, at) => (replicas[at] ?? 0) === 0));
}
