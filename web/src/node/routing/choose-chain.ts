import {assert} from '#shared/base/assert.ts';
import type {ChainChoice, ChainWish} from '#shared/client/running-answer.ts';
import {decodeLayerMs} from '#shared/scheduling/cost-model.ts';
import type {ClientOverlay} from '#shared/scheduling/routing/load/client-overlay.ts';
import {rerouteChain} from '#shared/scheduling/routing/select/reroute-chain.ts';
import type {EngineHop} from '../../ports/swarm-chat-service.ts';
import type {SwarmMembership} from '../swarm/swarm-membership.ts';

/**
 * Phase 2 for one request of this tab, over its newest snapshot.
 *
 * @param overlay what this tab knows beside the records: its own load, and how fast hops ran.
 * @param seed decides among near-equal chains: another for each client, so that they
 *   spread, and the same for all requests of one, whose links are open already.
 */
export function chooseChain(
  membership: SwarmMembership,
  {request, avoid, warm}: ChainWish,
  {overlay, seed}: {readonly overlay: ClientOverlay; readonly seed: number},
): ChainChoice<EngineHop> {
  const {spec, cutEvery} = membership.model.manifest;
  const snapshot = membership.snapshotWith(null);
  const known = overlay.over(snapshot, avoid);
  const result = rerouteChain({
    snapshot,
    model: {layerCount: spec.layerCount, cutEvery},
    request: {
      promptTokens: request.promptTokenIds.length,
      newTokens: request.maxNewTokens,
      hiddenStateBytes: 2 * spec.hiddenSize, // f16
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
