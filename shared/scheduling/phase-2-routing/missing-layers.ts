import {cellsOf, isOnGrid, type CutGrid} from '#shared/model/cut-grid.ts';
import {isOverdue, MOST_CLAIM_MS} from '../claim-limit.ts';
import type {MissingLayers} from '../scheduling-event.ts';
import type {PlacedShard, SnapshotNode, SwarmSnapshot} from '../swarm-snapshot.ts';
import {DISTRUSTED, FULL, USABLE} from './node-states.ts';

type Reason = MissingLayers['why'];

/**
 * Which layers keep a request from being served, and the nearest reason: nodes
 * there are full, or distrusted, or still loading, or there is none. The first
 * cell needs an embedding, the last one an LM head.
 */
export function missingLayers(
  snapshot: SwarmSnapshot,
  grid: CutGrid,
  {state}: {readonly state: Uint8Array},
): readonly MissingLayers[] {
  const missing: MissingLayers[] = [];
  for (const cell of cellsOf(grid, {startLayer: 0, endLayer: grid.layerCount})) {
    const why = reasonFor(snapshot, grid, state, cell.startLayer, cell.endLayer);
    if (why === null) continue;
    const last = missing.at(-1);
    if (last?.endLayer === cell.startLayer && last.why === why) missing.pop();
    const startLayer =
      last?.endLayer === cell.startLayer && last.why === why ? last.startLayer : cell.startLayer;
    missing.push({startLayer, endLayer: cell.endLayer, why});
  }
  // Each cell has a server, yet no chain exists: some of them cannot reach each other.
  if (missing.length === 0) {
    return [{startLayer: 0, endLayer: grid.layerCount, why: 'unreachable'}];
  }
  return missing;
}

function reasonFor(
  snapshot: SwarmSnapshot,
  grid: CutGrid,
  state: Uint8Array,
  startLayer: number,
  endLayer: number,
): Reason | null {
  const holds = (shard: PlacedShard) =>
    shard.startLayer <= startLayer &&
    shard.endLayer >= endLayer &&
    (startLayer > 0 || shard.embedding) &&
    (endLayer < grid.layerCount || shard.lmHead);
  const serving = snapshot.nodes.flatMap((node: SnapshotNode, at) =>
    node.shards.some((shard) => isOnGrid(grid, shard) && holds(shard)) ? [state[at] ?? USABLE] : [],
  );
  if (serving.includes(USABLE)) return null;
  if (serving.includes(FULL)) return 'full';
  if (serving.includes(DISTRUSTED)) return 'distrusted';
  const isLoading = snapshot.nodes.some(
    ({claim, saidAtMs}) =>
      claim !== null &&
      holds(claim) &&
      !isOverdue(claim, {nowMs: snapshot.takenAtMs, saidAtMs, limitMs: MOST_CLAIM_MS}),
  );
  return isLoading ? 'loading' : 'no-node';
}
