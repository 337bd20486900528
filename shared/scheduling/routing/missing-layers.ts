import {cellsOf, isOnGrid, type CutGrid} from '#shared/model/cut-grid.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import {isOverdue, MOST_CLAIM_MS} from '../claim-limit.ts';
import {joinLayers} from '../join-layers.ts';
import type {MissingLayers} from '../scheduling-event.ts';
import type {PlacedShard, SwarmSnapshot} from '../swarm-snapshot.ts';
import {layersCutOff} from './layers-cut-off.ts';
import {
  DISTRUSTED,
  FULL,
  mostKvTokens,
  SILENT,
  TOO_SMALL,
  UNREACHABLE,
  USABLE,
} from './node-states.ts';

type Reason = Pick<MissingLayers, 'why' | 'mostKvTokens'>;

/**
 * Which layers keep a request from being served, and the nearest reason: nodes
 * there are full, or still loading, or distrusted, or cut off, or silent, or
 * too small for this request, or there is none. The first cell needs an embedding, the last
 * one an LM head.
 */
export function missingLayers(
  snapshot: SwarmSnapshot,
  grid: CutGrid,
  {state}: {readonly state: Uint8Array},
): readonly MissingLayers[] {
  const cells = cellsOf(grid, {startLayer: 0, endLayer: grid.layerCount});
  const missing = cells.flatMap((cell): readonly MissingLayers[] => {
    const reason = reasonFor(snapshot, grid, state, cell);
    return reason === null ? [] : [{...cell, ...reason}];
  });
  if (missing.length === 0) return layersCutOff(snapshot, grid, {state});
  return joinLayers(missing, (a, b) => a.why === b.why && a.mostKvTokens === b.mostKvTokens);
}

function reasonFor(
  snapshot: SwarmSnapshot,
  grid: CutGrid,
  state: Uint8Array,
  {startLayer, endLayer}: LayerRange,
): Reason | null {
  const holds = (shard: PlacedShard) =>
    shard.startLayer <= startLayer &&
    shard.endLayer >= endLayer &&
    (startLayer > 0 || shard.embedding) &&
    (endLayer < grid.layerCount || shard.lmHead);
  const serving = snapshot.nodes.flatMap((node, at) =>
    node.shards.some((shard) => isOnGrid(grid, shard) && holds(shard))
      ? [{state: state[at] ?? USABLE, mostKvTokens: mostKvTokens(node, 0)}]
      : [],
  );
  const isLoading = () =>
    snapshot.nodes.some(
      ({claim, publishedAtMs}) =>
        claim !== null &&
        holds(claim) &&
        !isOverdue(claim, {nowMs: snapshot.takenAtMs, publishedAtMs, limitMs: MOST_CLAIM_MS}),
    );
  const has = (wanted: number) => serving.some((node) => node.state === wanted);
  if (has(USABLE)) return null;
  if (has(FULL)) return {why: 'full'};
  // Whoever is about to serve them is nearer than who does not, but no cure for what is too long for all.
  if (!has(TOO_SMALL) && isLoading()) return {why: 'loading'};
  if (has(DISTRUSTED)) return {why: 'distrusted'};
  if (has(UNREACHABLE)) return {why: 'unreachable'};
  if (has(SILENT)) return {why: 'silent'};
  if (has(TOO_SMALL)) {
    return {why: 'too-small', mostKvTokens: Math.max(...serving.map((node) => node.mostKvTokens))};
  }
  return {why: 'no-node'};
}
