import type {SwarmSnapshot} from '../../swarm-snapshot.ts';
import type {RouteOverlay, RouteRequest} from '../chain.ts';
import type {NodeCosts} from '../node-costs.ts';

/**
 * What a warm KV cache saves, spread over the tokens to come: the prompt need
 * not pass the layers of that node again. Changes `costs.layerMs`.
 */
export function favourWarm(
  snapshot: SwarmSnapshot,
  request: RouteRequest,
  overlay: RouteOverlay,
  costs: NodeCosts,
): void {
  for (const [nodeId, tokens] of overlay.warmTokens) {
    const at = snapshot.indexOf.get(nodeId);
    const node = snapshot.nodes[at ?? -1];
    if (at === undefined || node === undefined) continue;
    const savedTokens = Math.min(tokens, request.promptTokens);
    const savedMs = (savedTokens * node.prefillMsPerTokenLayer) / Math.max(1, request.newTokens);
    costs.layerMs[at] = Math.max(0, (costs.layerMs[at] ?? 0) - savedMs);
  }
}
