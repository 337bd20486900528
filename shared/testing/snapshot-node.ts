import {asPeerId} from '#shared/base/ids.ts';
import type {PlacedShard, SnapshotNode} from '#shared/scheduling/swarm-snapshot.ts';

/** A node for tests: 1 ms per layer, no overhead, room for 10 layers; name what matters. */
export function snapshotNode(id: string, differences: Partial<SnapshotNode> = {}): SnapshotNode {
  return {
    nodeId: asPeerId(id),
    capacityLayers: {plain: 10, first: 10, last: 10, both: 10},
    decodeMsPerLayer: {fixedMs: 0, perSessionMs: 1},
    prefillMsPerTokenLayer: 0.1,
    hopOverheadMs: 0,
    maxSessions: 8,
    engineClass: 'test',
    shards: [],
    claim: null,
    openSessions: 0,
    kvTokensFree: 100_000,
    kvTokens: null,
    uplinkBytesPerSec: null,
    rtts: [],
    coords: null,
    unreachable: [],
    ...differences,
  };
}

/** A shard of a model of `layerCount` layers, with the ends that belong to it. */
export function shard(startLayer: number, endLayer: number, layerCount: number): PlacedShard {
  return {
    startLayer,
    endLayer,
    embedding: startLayer === 0,
    lmHead: endLayer === layerCount,
  };
}
