import type {PeerId} from '#shared/base/ids.ts';
import type {PlacedShard, SnapshotNode} from '../../swarm-snapshot.ts';
import {snapshotOfNodes} from '../../swarm-snapshot.ts';
import type {ChainHop, RouteResult} from '../chain.ts';
import {selectChain, type RouteInput} from './select-chain.ts';

export type RerouteInput = RouteInput & {
  /** The chain that broke. */
  readonly hops: readonly ChainHop[];
  /** Its nodes that are gone, silent or refuse; never chosen again here. */
  readonly lost: ReadonlySet<PeerId>;
};

/**
 * A chain that goes on with every hop whose KV cache is warm and replaces the
 * lost ones only; a wholly different chain when that cannot be done. The kept
 * hops run exactly the layers that they ran before.
 */
export function rerouteChain(input: RerouteInput): RouteResult {
  const overlay = {
    ...input.overlay,
    distrusted: new Set([...input.overlay.distrusted, ...input.lost]),
  };
  const warm = input.hops.filter(
    ({nodeId}) => !overlay.distrusted.has(nodeId) && input.snapshot.indexOf.has(nodeId),
  );
  const pinned = warm.length === 0 ? null : selectChain({...input, overlay, ...pin(input, warm)});
  return pinned?.kind === 'chain' ? pinned : selectChain({...input, overlay});
}

/**
 * A snapshot in which warm hops serve what they served and nobody else does,
 * so that each chain through it keeps them. Their slots are taken by this very
 * answer: they never look full.
 */
function pin(input: RerouteInput, warm: readonly ChainHop[]): Pick<RouteInput, 'snapshot'> {
  const nodes = input.snapshot.nodes.map((node) => {
    const kept = warm.filter(({nodeId}) => nodeId === node.nodeId);
    return kept.length > 0 ? keepOnly(node, kept) : {...node, shards: outside(node.shards, warm)};
  });
  return {snapshot: snapshotOfNodes(nodes, input.snapshot.takenAtMs)};
}

function keepOnly(node: SnapshotNode, kept: readonly ChainHop[]): SnapshotNode {
  const shards = kept.map(({startLayer, endLayer}) => {
    const held = node.shards.find((s) => s.startLayer <= startLayer && s.endLayer >= endLayer);
    return {
      startLayer,
      endLayer,
      embedding: startLayer === 0 && (held?.embedding ?? false),
      lmHead: held?.lmHead === true && held.endLayer === endLayer,
    };
  });
  return {...node, shards, maxSessions: Infinity, kvTokensFree: Infinity};
}

/** What remains of shards when the layers of the warm hops are cut out. */
function outside(
  shards: readonly PlacedShard[],
  warm: readonly ChainHop[],
): readonly PlacedShard[] {
  return warm.reduce<readonly PlacedShard[]>(
    (rest, hop) =>
      rest.flatMap((shard) => {
        if (hop.endLayer <= shard.startLayer || hop.startLayer >= shard.endLayer) return [shard];
        const before = {...shard, endLayer: hop.startLayer, lmHead: false};
        const after = {...shard, startLayer: hop.endLayer, embedding: false};
        return [before, after].filter((part) => part.endLayer > part.startLayer);
      }),
    shards,
  );
}
