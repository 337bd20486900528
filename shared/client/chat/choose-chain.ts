import {assert} from '#shared/base/assert.ts';
import {routeAnswer, type ChainChoice, type ChainWish} from '#shared/client/route-answer.ts';
import {addedStepMs, batchMs} from '#shared/scheduling/cost-model.ts';
import type {ClientOverlay} from '#shared/scheduling/routing/load/client-overlay.ts';
import type {EngineHop} from './engine-hop.ts';
import type {SwarmSnapshot} from '../../scheduling/swarm-snapshot.ts';

/** What is asked, as phase 2 needs to know it. */
type AskedModel = {
  readonly layerCount: number;
  readonly cutEvery: number;
  readonly hiddenSize: number;
};

/**
 * Phase 2 for one request of this client.
 *
 * @param overlay what the client knows beside the records: its own load, and how fast hops ran.
 * @param seed decides among near-equal chains: another for each client, so that they
 *   spread, and the same for all requests of one, whose links are open already.
 */
export function chooseChain(
  {snapshot: listed, model}: {readonly snapshot: SwarmSnapshot; readonly model: AskedModel},
  wish: ChainWish,
  {overlay, seed}: {readonly overlay: ClientOverlay; readonly seed: number},
): ChainChoice<EngineHop> {
  const snapshot = overlay.withUnlisted(listed, wish);
  const known = overlay.over(snapshot, wish.avoid);
  const choice = routeAnswer({
    wish,
    snapshot,
    listed,
    model,
    hiddenStateBytes: 2 * model.hiddenSize, // f16
    overlay: known,
    seed,
  });
  if (choice.kind === 'gap') return choice;
  const hops = choice.hops.map((hop) => {
    const {peerId, startLayer, endLayer} = hop;
    const node = snapshot.nodes[snapshot.indexOf.get(peerId) ?? -1];
    assert(node !== undefined, 'a chain is made of nodes of its snapshot');
    const {hopOverheadMs} = node;
    const statedMsPerLayer = batchMs(node.decodeMsPerLayer, 1);
    const layerMs = known.observedMsPerLayer.get(peerId) ?? statedMsPerLayer;
    const predictedMs = (endLayer - startLayer) * layerMs + hopOverheadMs;
    const addedMs = addedStepMs(node, endLayer - startLayer);
    return {...hop, predictedMs, addedMs, statedMsPerLayer, hopOverheadMs};
  });
  return {...choice, hops};
}
