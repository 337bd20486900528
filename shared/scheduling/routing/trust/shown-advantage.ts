import {batchMs, linkMs} from '../../cost-model.ts';
import type {SwarmSnapshot} from '../../swarm-snapshot.ts';
import type {ChainHop} from '../chain.ts';
import {ordinaryNode} from './ordinary-node.ts';

/** Less than this part of a step is within what clocks and networks vary by. */
const LEAST_PART = 0.05;

/** Hops that claim no advantage are as good as they say when they are not slower than so many times what they say. */
const SLOWER = 1.25;

/**
 * How much of the advantage that the hops of a chain claim over ordinary nodes was there, 0 to 1;
 * `null` when the answer tells nothing.
 *
 * By the client's clock alone: what hops say of their times counts for nothing here. The hops of
 * a chain share what it shows; other chains tell them apart.
 *
 * @param stepMs between two tokens, at the chain's best.
 */
export function shownAdvantage(
  snapshot: SwarmSnapshot,
  hops: readonly ChainHop[],
  stepMs: number,
): number | null {
  const ordinary = ordinaryNode(snapshot);
  let statedMs = 0;
  let ordinaryMs = 0;
  for (const [k, {nodeId, startLayer, endLayer}] of hops.entries()) {
    const at = snapshot.indexOf.get(nodeId) ?? -1;
    const node = snapshot.nodes[at];
    const next = snapshot.indexOf.get(hops[(k + 1) % hops.length]?.nodeId ?? nodeId);
    if (node === undefined || next === undefined) return null;
    const layers = endLayer - startLayer;
    const layerMs = batchMs(node.decodeMsPerLayer, 1);
    const wayMs = hops.length > 1 ? linkMs(snapshot.rttMs(at, next)) : 0;
    const extraHops = Math.max(0, layers / ordinary.layersHeld - 1);
    statedMs += layers * layerMs + node.hopOverheadMs + wayMs;
    ordinaryMs +=
      layers * Math.max(layerMs, ordinary.layerMs) +
      Math.max(node.hopOverheadMs, ordinary.hopMs) +
      Math.max(wayMs, hops.length > 1 ? ordinary.linkMs : 0) +
      extraHops * (ordinary.hopMs + ordinary.linkMs);
  }
  const claimedMs = ordinaryMs - statedMs;
  if (claimedMs < LEAST_PART * ordinaryMs) return stepMs <= SLOWER * statedMs ? 1 : null;
  return Math.min(1, Math.max(0, (ordinaryMs - stepMs) / claimedMs));
}
