import {hopServiceMs, linkMs} from '#shared/scheduling/cost-model.ts';
import type {ChainHop} from '#shared/scheduling/routing/chain.ts';
import type {SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import type {ClosedHop} from '#shared/testing/closed-network.ts';

/** A chain as a round that a token goes, the way from the tail back to the head included. */
export function closedHops(
  {nodes, indexOf, rttMs}: SwarmSnapshot,
  hops: readonly ChainHop[],
): readonly ClosedHop[] {
  return hops.map(({nodeId, startLayer, endLayer}, k) => {
    const at = indexOf.get(nodeId) ?? 0;
    const to = indexOf.get(hops[(k + 1) % hops.length]?.nodeId ?? nodeId) ?? 0;
    const node = nodes[at];
    return {
      node: nodeId,
      serviceMs: node === undefined ? 0 : hopServiceMs(node, endLayer - startLayer),
      linkMs: hops.length > 1 ? linkMs(rttMs(at, to)) : 0,
    };
  });
}
