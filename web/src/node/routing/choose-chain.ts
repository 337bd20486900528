import {assert} from '#shared/base/assert.ts';
import type {PeerId} from '#shared/base/ids.ts';
import type {ChainChoice} from '#shared/client/generation-client.ts';
import type {GenerationRequest} from '#shared/client/generation-event.ts';
import {decodeLayerMs} from '#shared/scheduling/cost-model.ts';
import type {ClientOverlay} from '#shared/scheduling/routing/load/client-overlay.ts';
import {selectChain} from '#shared/scheduling/routing/select/select-chain.ts';
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
  request: GenerationRequest,
  {
    avoid,
    overlay,
    seed,
  }: {
    readonly avoid: ReadonlySet<PeerId>;
    readonly overlay: ClientOverlay;
    readonly seed: number;
  },
): ChainChoice<EngineHop> {
  const {spec, cutEvery} = membership.model.manifest;
  const snapshot = membership.snapshotWith(null);
  const known = overlay.over(snapshot, avoid);
  const result = selectChain({
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
