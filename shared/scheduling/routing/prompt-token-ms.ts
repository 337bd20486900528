import type {SwarmSnapshot} from '../swarm-snapshot.ts';
import type {ChainHop} from './chain.ts';

/**
 * What one token of a prompt takes on its way through these hops, by their records, among many that they
 * compute together: at most, for while one hop computes a piece, others compute other ones. An uplink
 * that nobody has measured takes nothing.
 *
 * @param hiddenStateBytes of one token, on the wire.
 */
export function promptTokenMsOf(
  {nodes, indexOf}: SwarmSnapshot,
  hops: readonly ChainHop[],
  hiddenStateBytes = 0,
): number {
  let sumMs = 0;
  for (const [at, {nodeId, startLayer, endLayer}] of hops.entries()) {
    const node = nodes[indexOf.get(nodeId) ?? -1];
    if (node === undefined) continue;
    sumMs += (endLayer - startLayer) * node.prefillMsPerTokenLayer;
    const isTail = at === hops.length - 1;
    if (isTail || node.uplinkBytesPerSec === null) continue;
    sumMs += (1_000 * hiddenStateBytes) / node.uplinkBytesPerSec;
  }
  return sumMs;
}
