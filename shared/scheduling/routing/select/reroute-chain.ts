import {
  snapshotOfNodes,
  type PlacedShard,
  type SnapshotNode,
  type SwarmSnapshot,
} from '../../swarm-snapshot.ts';
import type {LayerSpan} from '../../scheduling-event.ts';
import type {ChainHop, RouteResult} from '../chain.ts';
import {withOwnPlace} from '../own-place.ts';
import {selectChain, type RouteInput} from './select-chain.ts';

/** Layers of a chain that ran, and the class of engine that ran them, as far as whoever asks knows it. */
export type RanLayers = LayerSpan & {readonly engineClass?: string};

export type RerouteInput = RouteInput & {
  /** Hops whose caches are up to date. */
  readonly warm: readonly ChainHop[];
  /** The chain that broke, the lost hops included. */
  readonly ran: readonly RanLayers[];
};

/**
 * A chain that goes on with every hop whose KV cache is warm and replaces the
 * lost ones only; a wholly different chain when that cannot be done. The kept
 * hops run exactly the layers that they ran before. Layers go to the class of
 * engine that ran them, where somebody of it serves them: then the rest of the
 * text, too, is what it would have been.
 */
export function rerouteChain(input: RerouteInput): RouteResult {
  const {overlay, snapshot: everybody} = input;
  const warm = input.warm.filter(
    ({nodeId}) => !overlay.avoided.has(nodeId) && everybody.indexOf.has(nodeId),
  );
  const wishes = [
    ...(warm.length === 0 ? [] : [ofSameClass(pin(input, warm), input.ran), pin(input, warm)]),
    ofSameClass(everybody, input.ran),
  ];
  for (const snapshot of wishes) {
    const result = selectChain({...input, snapshot});
    if (result.kind === 'chain') return result;
  }
  return selectChain(input);
}

/** A snapshot in which nobody serves layers that an engine of another class ran. */
function ofSameClass(snapshot: SwarmSnapshot, ran: readonly RanLayers[]): SwarmSnapshot {
  const nodes = snapshot.nodes.map((node) => {
    const foreign = ran.filter(
      ({engineClass}) => engineClass !== undefined && engineClass !== node.engineClass,
    );
    return {...node, shards: outside(node.shards, foreign)};
  });
  return snapshotOfNodes(nodes, snapshot.takenAtMs);
}

/**
 * A snapshot in which warm hops serve what they served and nobody else does,
 * so that each chain through it keeps them.
 */
function pin(input: RerouteInput, warm: readonly ChainHop[]): SwarmSnapshot {
  const nodes = input.snapshot.nodes.map((node) => {
    const kept = warm.filter(({nodeId}) => nodeId === node.nodeId);
    return kept.length > 0
      ? keepOnly(node, kept, input.model)
      : {...node, shards: outside(node.shards, warm)};
  });
  return snapshotOfNodes(nodes, input.snapshot.takenAtMs);
}

/** Its record may say nothing of these layers any more; the session is there, and so is what it ran with. */
function keepOnly(
  node: SnapshotNode,
  kept: readonly ChainHop[],
  {layerCount}: RerouteInput['model'],
): SnapshotNode {
  const shards = kept.map(({startLayer, endLayer}) => ({
    startLayer,
    endLayer,
    embedding: startLayer === 0,
    lmHead: endLayer === layerCount,
  }));
  return withOwnPlace({...node, shards});
}

/** What remains of shards when the layers of some hops are cut out. */
function outside(
  shards: readonly PlacedShard[],
  hops: readonly LayerSpan[],
): readonly PlacedShard[] {
  return hops.reduce<readonly PlacedShard[]>(
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
