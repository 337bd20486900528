import {cellsOf, type CutGrid} from '#shared/model/cut-grid.ts';
import type {LayerSpan} from '../../scheduling-event.ts';
import {hashText} from '../../seeded-choice.ts';
import type {PlacedShard, SnapshotNode, SwarmSnapshot} from '../../swarm-snapshot.ts';
import type {AllocationTarget} from '../allocation-target.ts';
import {addShard, cellSpan, emptyCoverage, gapsOf, type Coverage} from '../coverage.ts';
import {longestFrom, longestUntil, shardOf} from '../fitting-range.ts';
import {joinTogether} from '../planner/join-together.ts';
import {isFresh} from './heard-lately.ts';

/** This many of the best candidates may act on one gap: the first may be gone already. */
const ACTING_CANDIDATES = 2;

/**
 * What a node that serves already should serve instead so that a gap that no
 * waiting node fills is closed; `null` when it is not its turn.
 */
export function repairShard(
  repairs: ReturnType<typeof repairsOf>,
  {nodeId}: SnapshotNode,
): PlacedShard | null {
  const acting = repairs.flatMap((offers) => offers.slice(0, ACTING_CANDIDATES));
  return acting.find((offer) => offer.nodeId === nodeId)?.shard ?? null;
}

/**
 * For each gap that no waiting node fills, who could close it. First come nodes
 * that keep all their layers and only extend over the gap, then nodes that drop
 * only layers that others serve too; the most gap layers first, then lowest
 * hash. Where there is none, somebody takes over layers of a node beside the gap,
 * so that this one may move over it.
 *
 * @param coverage everybody's shards and claims; changed to what it will be with those that wait.
 */
export function repairsOf({
  snapshot,
  coverage,
  target,
}: {
  readonly snapshot: SwarmSnapshot;
  readonly coverage: Coverage;
  readonly target: AllocationTarget;
}): readonly (readonly Offer[])[] {
  const {nodes} = snapshot;
  const waiting = nodes.filter(isWaiting);
  joinTogether({coverage, waiting, target});
  const candidates = nodes.filter(({shards, claim}) => shards.length > 0 && claim === null);
  const served = emptyCoverage(coverage.grid);
  for (const node of candidates) {
    if (!isFresh(node, snapshot)) continue;
    for (const own of node.shards) addShard(served, node, own);
  }
  return gapsOf(coverage).map((gap) =>
    offersFor(served, candidates, gap).toSorted(
      (a, b) => b.rank - a.rank || hashText(a.nodeId) - hashText(b.nodeId),
    ),
  );
}

/** For a place. */
export const isWaiting = ({shards, claim}: SnapshotNode): boolean =>
  shards.length === 0 && claim === null;

type Offer = {readonly nodeId: string; readonly shard: PlacedShard; readonly rank: number};

/** Keeping layers outranks any number of gap layers won by moving. */
const EXTENDS_RANK = 1e6;

/**
 * @param served shards that no claim is about to drop.
 * @param asked nodes for which others have been asked to make room: each once, however many are in the way.
 */
function offersFor(
  served: Coverage,
  candidates: readonly SnapshotNode[],
  gap: LayerSpan,
  asked = new Set<SnapshotNode>(),
): readonly Offer[] {
  const {grid} = served;
  const offers = candidates.flatMap((node) => (asked.has(node) ? [] : offerOf(served, node, gap)));
  if (offers.length > 0) return offers;
  for (const node of candidates) {
    const own = asked.has(node) ? null : onlyShardOf(node);
    const [farthest] = own === null ? [] : slidesOver(grid, node, own, gap);
    if (own === null || farthest === undefined) continue;
    asked.add(node);
    const freeing = offersFor(served, candidates, droppedOf(own, farthest), asked);
    if (freeing.length > 0) return freeing;
  }
  return [];
}

function offerOf(served: Coverage, node: SnapshotNode, gap: LayerSpan): readonly Offer[] {
  const {grid} = served;
  const own = onlyShardOf(node);
  if (own === null) return [];
  const {nodeId, capacityLayers} = node;
  const extended = extend(grid, node, own, gap);
  if (extended !== null) {
    return [{nodeId, shard: extended, rank: EXTENDS_RANK + overlap(extended, gap)}];
  }
  const [moved] = [
    longestFrom(grid, capacityLayers, gap.startLayer),
    longestUntil(grid, capacityLayers, gap.endLayer),
    ...slidesOver(grid, node, own, gap),
  ]
    .filter((shard) => shard !== null)
    .filter((shard) => mayMove(served, {from: own, to: shard, leastHolders: 2}))
    .toSorted((a, b) => overlap(b, gap) - overlap(a, gap));
  // What is to be made room for is held already, perhaps by this node.
  const won = moved === undefined ? 0 : overlap(moved, gap) - Math.max(0, overlap(own, gap));
  return moved === undefined || won <= 0 ? [] : [{nodeId, shard: moved, rank: won}];
}

function onlyShardOf({shards}: SnapshotNode): PlacedShard | null {
  return shards.length === 1 ? (shards[0] ?? null) : null;
}

/** The places of a node beside a gap, moved over it: as far as it goes first, by one cell last. */
function slidesOver(
  grid: CutGrid,
  {capacityLayers}: SnapshotNode,
  own: PlacedShard,
  gap: LayerSpan,
): readonly PlacedShard[] {
  const borders = cellsOf(grid, gap).map(({startLayer, endLayer}) =>
    own.endLayer === gap.startLayer ? endLayer : startLayer,
  );
  if (own.endLayer === gap.startLayer) {
    const shards = borders.map((border) => longestUntil(grid, capacityLayers, border));
    return shards.filter((shard) => shard !== null).toReversed();
  }
  if (own.startLayer !== gap.endLayer) return [];
  const shards = borders.map((border) => longestFrom(grid, capacityLayers, border));
  return shards.filter((shard) => shard !== null);
}

/** The layers of a node that it has no more once it has moved to one side. */
function droppedOf(own: LayerSpan, next: LayerSpan): LayerSpan {
  return next.startLayer > own.startLayer
    ? {startLayer: own.startLayer, endLayer: Math.min(own.endLayer, next.startLayer)}
    : {startLayer: Math.max(own.startLayer, next.endLayer), endLayer: own.endLayer};
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

/** Whether dropping what `shard` has and `next` has not leaves each cell served by others. */
export function mayReplace(others: Coverage, shard: PlacedShard, next: PlacedShard): boolean {
  return mayMove(others, {from: shard, to: next, leastHolders: 1});
}

/** Whether each cell that is dropped has so many holders; a coverage with the node itself has one more. */
function mayMove(
  {grid, replicas}: Coverage,
  {
    from,
    to,
    leastHolders,
  }: {readonly from: PlacedShard; readonly to: PlacedShard; readonly leastHolders: number},
): boolean {
  const [start, end] = cellSpan(grid, from);
  const [keepFrom, keepTo] = cellSpan(grid, to);
  return replicas
    .slice(start, end)
    .every((count, at) => isWithin(start + at, keepFrom, keepTo) || count >= leastHolders);
}

function isWithin(cell: number, from: number, to: number): boolean {
  return cell >= from && cell < to;
}
