import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {LayerSpan} from '../../scheduling-event.ts';
import {hashText} from '../../seeded-choice.ts';
import type {PlacedShard, SnapshotNode} from '../../swarm-snapshot.ts';
import {cellSpan, gapsOf, type Coverage} from '../coverage.ts';
import {longestFrom, longestUntil, shardOf} from '../fitting-range.ts';

/** This many of the best candidates may act on one gap: the first may be gone already. */
const ACTING_CANDIDATES = 2;

/**
 * What node `self`, which serves already, should serve instead so that a gap
 * that no waiting node fills is closed; `null` when it is not its turn. First
 * come nodes that keep all their layers and only extend over the gap, then
 * nodes whose layers others serve too; the most gap layers first, then lowest
 * hash. `coverage` holds everybody's shards and claims, `served` only shards
 * that no claim is about to drop.
 */
export function repairShard(
  coverage: Coverage,
  served: Coverage,
  candidates: readonly SnapshotNode[],
  self: SnapshotNode,
): PlacedShard | null {
  for (const gap of gapsOf(coverage)) {
    const offers = candidates
      .flatMap((node) => offerOf(coverage.grid, served, node, gap))
      .toSorted((a, b) => b.rank - a.rank || hashText(a.nodeId) - hashText(b.nodeId));
    const mine = offers.slice(0, ACTING_CANDIDATES).find(({nodeId}) => nodeId === self.nodeId);
    if (mine !== undefined) return mine.shard;
  }
  return null;
}

type Offer = {readonly nodeId: string; readonly shard: PlacedShard; readonly rank: number};

/** Keeping layers outranks any number of gap layers won by moving. */
const EXTENDS_RANK = 1e6;

function offerOf(
  grid: CutGrid,
  served: Coverage,
  node: SnapshotNode,
  gap: LayerSpan,
): readonly Offer[] {
  const own = node.shards[0];
  if (own === undefined || node.shards.length > 1) return [];
  const extended = extend(grid, node, own, gap);
  if (extended !== null) {
    const won = overlap(extended, gap);
    return [{nodeId: node.nodeId, shard: extended, rank: EXTENDS_RANK + won}];
  }
  if (!isSpare(served, own)) return [];
  const moved = [
    longestFrom(grid, node.capacityLayers, gap.startLayer),
    longestUntil(grid, node.capacityLayers, gap.endLayer),
  ].filter((shard) => shard !== null);
  return moved.slice(0, 1).map((shard) => ({
    nodeId: node.nodeId,
    shard,
    rank: overlap(shard, gap),
  }));
}

/** Own layers and as much of a gap beside them as fits, or `null`. */
function extend(
  grid: CutGrid,
  {capacityLayers}: SnapshotNode,
  own: PlacedShard,
  gap: LayerSpan,
): PlacedShard | null {
  const touchesEnd = own.endLayer === gap.startLayer;
  const touchesStart = own.startLayer === gap.endLayer;
  const longest = touchesEnd
    ? longestFrom(grid, capacityLayers, own.startLayer)
    : touchesStart
      ? longestUntil(grid, capacityLayers, own.endLayer)
      : null;
  if (longest === null) return null;
  const startLayer = touchesEnd ? own.startLayer : Math.max(longest.startLayer, gap.startLayer);
  const endLayer = touchesEnd ? Math.min(longest.endLayer, gap.endLayer) : own.endLayer;
  if (endLayer - startLayer <= own.endLayer - own.startLayer) return null;
  return shardOf(grid, startLayer, endLayer);
}

function overlap(a: LayerSpan, b: LayerSpan): number {
  return Math.min(a.endLayer, b.endLayer) - Math.max(a.startLayer, b.startLayer);
}

/** Whether each cell of a shard has a settled replica beside this one. */
function isSpare({grid, replicas}: Coverage, shard: PlacedShard): boolean {
  const [from, to] = cellSpan(grid, shard);
  for (let cell = from; cell < to; cell += 1) if ((replicas[cell] ?? 0) < 2) return false;
  return true;
}

/** Whether dropping what `shard` has and `next` has not leaves each cell served by others. */
export function mayReplace(others: Coverage, shard: PlacedShard, next: PlacedShard): boolean {
  const [from, to] = cellSpan(others.grid, shard);
  const [keepFrom, keepTo] = cellSpan(others.grid, next);
  for (let cell = from; cell < to; cell += 1) {
    const isKept = cell >= keepFrom && cell < keepTo;
    if (!isKept && (others.replicas[cell] ?? 0) === 0) return false;
  }
  return true;
}
