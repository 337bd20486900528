import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';

/** What a node did, for the report. */
export type NodeLog = {
  claims: number;
  /** Loads begun and given up. */
  abandonedLoads: number;
  /** Changes of a range that was served already. */
  moves: number;
  /** Layers loaded by moves: those that it did not hold before. */
  reloadedLayers: number;
  /** Layers loaded in all. */
  loadedLayers: number;
};

const LOAD_MS_PER_LAYER = 300;

export function emptyLog(): NodeLog {
  return {claims: 0, abandonedLoads: 0, moves: 0, reloadedLayers: 0, loadedLayers: 0};
}

/** A node that held `before` has loaded `next`. */
export function countLoad(log: NodeLog, before: PlacedShard | null, next: PlacedShard): void {
  const missing = newLayers(before, next);
  log.loadedLayers += missing;
  if (before === null) return;
  log.moves += 1;
  log.reloadedLayers += missing;
}

/** How long it takes to load what of `next` is not held yet. */
export function loadMs(held: PlacedShard | null, next: PlacedShard | null): number {
  return next === null ? 0 : newLayers(held, next) * LOAD_MS_PER_LAYER;
}

/** Layers of `next` that are not held yet. */
function newLayers(held: PlacedShard | null, next: PlacedShard): number {
  const shared =
    held === null
      ? 0
      : Math.min(held.endLayer, next.endLayer) - Math.max(held.startLayer, next.startLayer);
  return next.endLayer - next.startLayer - Math.max(0, shared);
}
