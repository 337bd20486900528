import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {CapacityLayers, PlacedShard} from '../swarm-snapshot.ts';

/** The shard that `[startLayer, endLayer)` is: embedding and LM head go with the outer layers. */
export function shardOf(grid: CutGrid, startLayer: number, endLayer: number): PlacedShard {
  return {
    startLayer,
    endLayer,
    embedding: startLayer === 0,
    lmHead: endLayer === grid.layerCount,
  };
}

/** How many layers fit a node whose range touches these ends of the model. */
export function capacityFor(
  capacity: CapacityLayers,
  {embedding, lmHead}: {readonly embedding: boolean; readonly lmHead: boolean},
): number {
  if (embedding) return lmHead ? capacity.both : capacity.first;
  return lmHead ? capacity.last : capacity.plain;
}

/** Whether a node has room for a range, with the ends of the model that go with it. */
export function doesFit(capacity: CapacityLayers, shard: PlacedShard): boolean {
  return shard.endLayer - shard.startLayer <= capacityFor(capacity, shard);
}

/** The longest shard on the grid that starts at `startLayer` and fits, or `null`. */
export function longestFrom(
  grid: CutGrid,
  capacity: CapacityLayers,
  startLayer: number,
): PlacedShard | null {
  const whole = shardOf(grid, startLayer, grid.layerCount);
  if (doesFit(capacity, whole)) return whole;
  const room = startLayer === 0 ? capacity.first : capacity.plain;
  const reach = Math.min(startLayer + room, grid.layerCount - 1);
  const endLayer = reach - (reach % grid.cutEvery);
  return endLayer > startLayer ? shardOf(grid, startLayer, endLayer) : null;
}

/** The longest shard on the grid that ends at `endLayer` and fits, or `null`. */
export function longestUntil(
  grid: CutGrid,
  capacity: CapacityLayers,
  endLayer: number,
): PlacedShard | null {
  const whole = shardOf(grid, 0, endLayer);
  if (doesFit(capacity, whole)) return whole;
  const room = endLayer === grid.layerCount ? capacity.last : capacity.plain;
  const reach = Math.max(endLayer - room, 1);
  const startLayer = Math.ceil(reach / grid.cutEvery) * grid.cutEvery;
  return startLayer < endLayer ? shardOf(grid, startLayer, endLayer) : null;
}
