import {isOnGrid, type CutGrid} from '#shared/model/cut-grid.ts';
import {linkMs} from '../cost-model.ts';
import {intAt} from '../table-access.ts';
import type {PlacedShard, SwarmSnapshot} from '../swarm-snapshot.ts';

/** How many of the nearest possible next hops a chain may go to from a hop. */
const SUCCESSORS = 20;

/**
 * What routing asks of a snapshot again and again, in arrays. A *stand* is one
 * shard on one node: the thing that a hop is cut from.
 */
export type RouteIndex = {
  /** The first snapshot of this layout: not to be asked for loads. */
  readonly snapshot: SwarmSnapshot;
  readonly grid: CutGrid;
  readonly standCount: number;
  readonly nodeOf: Int32Array;
  readonly startOf: Int32Array;
  readonly endOf: Int32Array;
  /** Stands that can begin a chain, and whether a stand can end one. */
  readonly heads: readonly number[];
  readonly isTail: Uint8Array;
  /** The stands that may follow stand `s`, nearest first: `successors[s * SUCCESSORS + k]`, -1 ends. */
  readonly successors: Int32Array;
  readonly successorLinkMs: Float64Array;
  readonly successorsPerStand: number;
};

const cache = new WeakMap<SwarmSnapshot['indexOf'], RouteIndex>();

/** The index of a snapshot, made once for all that differ in load only. O(S²) for S stands. */
export function routeIndexOf(snapshot: SwarmSnapshot, grid: CutGrid): RouteIndex {
  const known = cache.get(snapshot.indexOf);
  if (
    known !== undefined &&
    known.grid.layerCount === grid.layerCount &&
    known.grid.cutEvery === grid.cutEvery
  ) {
    return known;
  }
  const index = buildRouteIndex(snapshot, grid);
  cache.set(snapshot.indexOf, index);
  return index;
}

function buildRouteIndex(snapshot: SwarmSnapshot, grid: CutGrid): RouteIndex {
  const stands = snapshot.nodes.flatMap((node, at) =>
    node.shards.filter((shard) => isOnGrid(grid, shard)).map((shard) => ({at, shard})),
  );
  const nodeOf = Int32Array.from(stands, ({at}) => at);
  const startOf = Int32Array.from(stands, ({shard}) => shard.startLayer);
  const endOf = Int32Array.from(stands, ({shard}) => shard.endLayer);
  const heads = stands.flatMap(({shard}, s) => (canBegin(shard) ? [s] : []));
  const isTail = Uint8Array.from(stands, ({shard}) => (canEnd(shard, grid) ? 1 : 0));
  const base = {snapshot, grid, standCount: stands.length, nodeOf, startOf, endOf, heads, isTail};
  return {...base, ...nearestSuccessors(base)};
}

function canBegin(shard: PlacedShard): boolean {
  return shard.embedding && shard.startLayer === 0;
}

function canEnd(shard: PlacedShard, grid: CutGrid): boolean {
  return shard.lmHead && shard.endLayer === grid.layerCount;
}

/** `b` may follow `a` when it goes on where `a` can stop, and brings layers that `a` has not begun with. */
function canFollow(index: Pick<RouteIndex, 'startOf' | 'endOf'>, a: number, b: number): boolean {
  const startOfA = intAt(index.startOf, a);
  const endOfA = intAt(index.endOf, a);
  const startOfB = intAt(index.startOf, b);
  const endOfB = intAt(index.endOf, b);
  return startOfB <= endOfA && endOfB > startOfA && (endOfB > endOfA || startOfB > startOfA);
}

function nearestSuccessors(
  index: Pick<RouteIndex, 'snapshot' | 'standCount' | 'nodeOf' | 'startOf' | 'endOf'>,
): Pick<RouteIndex, 'successors' | 'successorLinkMs' | 'successorsPerStand'> {
  const {standCount, nodeOf, snapshot} = index;
  const successorsPerStand = Math.min(SUCCESSORS, standCount);
  const successors = new Int32Array(standCount * successorsPerStand).fill(-1);
  const successorLinkMs = new Float64Array(standCount * successorsPerStand);
  for (let a = 0; a < standCount; a += 1) {
    const options: {stand: number; ms: number}[] = [];
    for (let b = 0; b < standCount; b += 1) {
      const from = nodeOf[a] ?? 0;
      const to = nodeOf[b] ?? 0;
      if (from === to || !canFollow(index, a, b)) continue;
      const ms = linkMs(snapshot.rttMs(from, to));
      if (Number.isFinite(ms)) options.push({stand: b, ms});
    }
    options.sort((x, y) => x.ms - y.ms || x.stand - y.stand);
    for (const [k, {stand, ms}] of pickVaried(options, index, successorsPerStand).entries()) {
      successors[a * successorsPerStand + k] = stand;
      successorLinkMs[a * successorsPerStand + k] = ms;
    }
  }
  return {successors, successorLinkMs, successorsPerStand};
}

/**
 * The nearest, but never only nodes that end at one layer: half of the places go
 * to the nearest stand of each end, so that a chain can always go on when
 * anybody serves the next layer.
 */
function pickVaried(
  nearestFirst: readonly {stand: number; ms: number}[],
  index: Pick<RouteIndex, 'endOf'>,
  limit: number,
): readonly {stand: number; ms: number}[] {
  if (nearestFirst.length <= limit) return nearestFirst;
  const chosen = new Set(nearestFirst.slice(0, limit - Math.floor(limit / 2)));
  const ends = new Set([...chosen].map(({stand}) => index.endOf[stand]));
  for (const option of nearestFirst) {
    if (chosen.size === limit) break;
    const end = index.endOf[option.stand];
    if (ends.has(end)) continue;
    ends.add(end);
    chosen.add(option);
  }
  for (const option of nearestFirst) {
    if (chosen.size === limit) break;
    chosen.add(option);
  }
  return [...chosen];
}
