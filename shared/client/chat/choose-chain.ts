import {assert} from '#shared/base/assert.ts';
import type {ChainChoice, ChainWish} from '#shared/client/running-answer.ts';
import {decodeLayerMs} from '#shared/scheduling/cost-model.ts';
import type {ClientOverlay} from '#shared/scheduling/routing/load/client-overlay.ts';
import {rerouteChain} from '#shared/scheduling/routing/select/reroute-chain.ts';
import type {EngineHop} from './swarm-chat-service.ts';
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
  {snapshot, model}: {readonly snapshot: SwarmSnapshot; readonly model: AskedModel},
  {request, avoid, warm}: ChainWish,
  {overlay, seed}: {readonly overlay: ClientOverlay; readonly seed: number},
): ChainChoice<EngineHop> {
  const known = overlay.over(snapshot, avoid);
  const result = rerouteChain({
    snapshot,
    model,
    request: {
      promptTokens: request.promptTokenIds.length,
      newTokens: request.maxNewTokens,
      hiddenStateBytes: 2 * model.hiddenSize, // f16
      whenFull: 'refuse',
    },
    overlay: known,
    seed,
    hops: warm.map(({peerId, startLayer, endLayer}) => ({nodeId: peerId, startLayer, endLayer})),
    lost: avoid,
  });
  if (result.kind === 'gap') return result;
  const hops = result.hops.map(({nodeId, startLayer, endLayer}) => {
    const node = snapshot.nodes[snapshot.indexOf.get(nodeId) ?? -1];
    assert(node !== undefined, 'a chain is made of nodes of its snapshot');
    const {hopOverheadMs, engineClass: engine} = node;
    const layerMs = known.observedMsPerLayer.get(nodeId) ?? decodeLayerMs(node.decodeMsPerLayer, 1);
    const predictedMs = (endLayer - startLayer) * layerMs + hopOverheadMs;
    return {peerId: nodeId, startLayer, endLayer, engine, predictedMs, hopOverheadMs};
  });
  return {kind: 'chain', hops, stepMs: result.stepMs};
}
